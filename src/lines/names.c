#include "lines/names.h"
#include "base/clock.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool has_wildcards(const char *text)
{
	return strpbrk(text, "*?[") != NULL;
}

int names_init_path(struct names *names, const char *path)
{
	const char *slash = strrchr(path, '/');

	*names = (struct names){ .glob = path, .literal = true };
	names->directory = strndup(path, slash ? (size_t)(slash - path) + 1 : 0);
	return names->directory ? 0 : -ENOMEM;
}

int names_init(struct names *names, const char *text)
{
	int error = names_init_path(names, text);

	if (error)
		return error;
	names->literal = !has_wildcards(text);
	if (has_wildcards(names->directory)) {
		free(names->directory);
		names->directory = NULL;
	}
	return 0;
}

void names_free(struct names *names)
{
	free(names->directory);
}

/* A directory's time tells whether names have come; but not within one tick of the clock. */
bool names_has_news(struct names *names)
{
	struct stat st;
	uint64_t mtime;

	if (!names->directory)
		return true;
	if (stat(names->directory, &st) < 0) {
		names->seen = (struct timespec){ 0 };
		return false;
	}
	if (st.st_mtim.tv_sec == names->seen.tv_sec && st.st_mtim.tv_nsec == names->seen.tv_nsec)
		return false;
	mtime = clock_ns(&st.st_mtim);
	if (mtime + FILE_TICK_NS < clock_realtime_ns())
		names->seen = st.st_mtim;
	return true;
}

bool names_cover(const struct names *names, const char *path)
{
	return strcmp(names->glob, path) == 0 ||
	       fnmatch(names->glob, path, FNM_PATHNAME | FNM_PERIOD) == 0;
}
