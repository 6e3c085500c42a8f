#include "writer/source_files.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

static bool is_pattern(const char *path)
{
	return strpbrk(path, "*?[") != NULL;
}

static bool is_known(const struct source_files *files, const struct stat *st)
{
	for (size_t i = 0; i < files->count; i++)
		if (files->file[i].inode == st->st_ino && files->file[i].device == st->st_dev)
			return true;
	return false;
}

static int add(struct source_files *files, const char *path)
{
	struct source_file *larger, *file;
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if (is_known(files, &st))
		return 0;
	larger = reallocarray(files->file, files->count + 1, sizeof(*files->file));
	if (!larger)
		return -ENOMEM;
	files->file = larger;
	file = &larger[files->count];
	*file = (struct source_file){
		.path = strdup(path),
		.device = st.st_dev,
		.inode = st.st_ino,
		.changed = st.st_mtim,
		.length = LENGTH_UNKNOWN,
	};
	if (!file->path)
		return -ENOMEM;
	files->count++;
	return 1;
}

static int older_first(const void *a, const void *b)
{
	const struct source_file *x = a, *y = b;

	if (x->changed.tv_sec != y->changed.tv_sec)
		return x->changed.tv_sec < y->changed.tv_sec ? -1 : 1;
	if (x->changed.tv_nsec != y->changed.tv_nsec)
		return x->changed.tv_nsec < y->changed.tv_nsec ? -1 : 1;
	return strcmp(x->path, y->path);
}

/* What matches and is no regular file is passed over. */
static int add_matches(struct source_files *files, const char *pattern)
{
	size_t before = files->count;
	glob_t found;
	int r = glob(pattern, 0, NULL, &found);

	if (r)
		return r == GLOB_NOMATCH ? 0 : r == GLOB_NOSPACE ? -ENOMEM : -EIO;
	for (size_t i = 0; i < found.gl_pathc && r != -ENOMEM; i++)
		r = add(files, found.gl_pathv[i]);
	globfree(&found);
	qsort(files->file + before, files->count - before, sizeof(*files->file), older_first);
	return r == -ENOMEM ? r : (int)(files->count - before);
}

int source_files_find(struct source_files *files, const char *path)
{
	struct stat st;

	files->pattern = is_pattern(path) && stat(path, &st) < 0;
	return files->pattern ? add_matches(files, path) : add(files, path);
}

void source_files_free(struct source_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->file[i].path);
	free(files->file);
	*files = (struct source_files){ 0 };
}
