#include "lines/logfile.h"
#include "base/clock.h"

#include "lines/unpack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a file that begins with more NULs its inode has to tell, until it is read. */
#define HEAD_BLOCK (64u << 10)

struct logfile *logfile_new(const char *path, const struct stat *st)
{
	struct logfile *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->record.path = strdup(path);
	if (!file->record.path) {
		free(file);
		return NULL;
	}
	file->record.place.device = st->st_dev;
	file->record.place.inode = st->st_ino;
	snprintf(file->record.id, sizeof(file->record.id), "%jx-%ju-%llx", (uintmax_t)st->st_dev,
		(uintmax_t)st->st_ino, (unsigned long long)clock_realtime_ns());
	file->quiet_since = clock_monotonic_ns();
	file->unread = true;
	return file;
}

bool logfile_leads_to(const struct logfile *file, const struct stat *st)
{
	return st->st_dev == file->record.place.device && st->st_ino == file->record.place.inode;
}

int logfile_open(struct logfile *file)
{
	const struct record *record = &file->record;

	if (file->content)
		return 0;
	return content_open_same(
		record->path, record->place.device, record->place.inode, &file->content);
}

void logfile_see(struct logfile *file)
{
	bool closed = !file->content;
	char head[HEAD_BLOCK];
	ssize_t n;

	if (place_seen(&file->record.place) || logfile_open(file) < 0)
		return;
	n = content_read(file->content, head, sizeof(head), 0);
	if (n > 0)
		place_see(&file->record.place, &(struct stretch){ head, 0, (size_t)n });
	if (n > 0 && file->record.size < (uint64_t)n)
		file->record.size = (uint64_t)n; /* that of a compressed file is not known before */
	if (closed)
		logfile_close(file);
}

void logfile_close(struct logfile *file)
{
	content_close(file->content);
	file->content = NULL;
}

/* The size of a compressed file says nothing of its content's. */
static uint64_t content_size(const struct logfile *file, const struct stat *st)
{
	return unpack_name(file->record.path) ? file->record.size : (uint64_t)st->st_size;
}

bool logfile_changed(const struct logfile *file, const struct stat *st)
{
	return clock_ns(&st->st_mtim) != file->record.mtime_ns ||
	       content_size(file, st) != logfile_size(file);
}

uint64_t logfile_size(const struct logfile *file)
{
	return file->noted > file->record.size ? file->noted : file->record.size;
}

/* A size is the file's only if its content is still the one we know. What is about to be read is
 * verified then; what has been waiting since the look before is verified now. */
static void note_size(struct logfile *file, uint64_t size)
{
	struct record *record = &file->record;

	if (!place_seen(&record->place) ||
		(file->unread && file->content && size > file->noted &&
			place_fits_content(&record->place, content_read, file->content) == 1))
		file->noted = record->size = size > record->size ? size : record->size;
	else
		file->noted = size;
}

/* How long ago the file was written or renamed, which the change time tells. */
static uint64_t age_ns(const struct stat *st)
{
	uint64_t now = clock_realtime_ns(), changed = clock_ns(&st->st_mtim);

	if (clock_ns(&st->st_ctim) > changed)
		changed = clock_ns(&st->st_ctim);
	return changed < now ? now - changed : 0;
}

/* A file that was quiet before our time has been quiet as long. */
static void note_quiet(struct logfile *file, const struct stat *st, bool changed, uint64_t now)
{
	uint64_t age = age_ns(st), since = age < now ? now - age : 0;

	if (changed || since < file->quiet_since)
		file->quiet_since = since;
}

bool logfile_note(struct logfile *file, const struct stat *st, uint64_t now)
{
	uint64_t size = content_size(file, st), mtime = clock_ns(&st->st_mtim);
	bool changed = logfile_changed(file, st);

	note_size(file, size);
	file->record.mtime_ns = mtime;
	note_quiet(file, st, changed, now);
	if (changed && file->content && content_packed(file->content))
		content_retry(file->content);
	if (changed || size != file->record.place.offset + file->partial ||
		mtime + FILE_TICK_NS > clock_realtime_ns())
		file->unread = true;
	return file->unread;
}

bool logfile_over(const struct logfile *file)
{
	return file->younger && logfile_size(file) <= file->record.place.offset;
}

bool logfile_finished(const struct logfile *file)
{
	return !file->unread && file->partial == 0;
}

int logfile_set_path(struct logfile *file, const char *path)
{
	char *copy;

	if (strcmp(file->record.path, path) == 0)
		return 0;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	free(file->record.path);
	file->record.path = copy;
	return 0;
}

void logfile_free(struct logfile *file)
{
	if (!file)
		return;
	content_close(file->content);
	free(file->record.path);
	free(file);
}
