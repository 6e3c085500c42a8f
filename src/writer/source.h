/*
 * The recorded log, read in big pieces. What was read is checked against what was there before:
 * a log that is truncated or overwritten while it is read must not turn into torn lines.
 */
#ifndef WRITER_SOURCE_H
#define WRITER_SOURCE_H

#include "lines/place.h"

#include <stdbool.h>
#include <sys/stat.h>

struct source {
	const char *path;
	int fd;
	struct stat seen;   /* when it was found unchanged the last time */
	struct place place; /* the end of what was read */
};

/* Opens a regular file, to be read from its beginning; `path` must outlive the source. 0,
 * -EISDIR, -EINVAL (not a regular file), or what open(2) says. */
int source_open(struct source *source, const char *path);

/* To be read from `offset` on. 0, -ENODATA if it is shorter, or a negative errno. */
int source_seek(struct source *source, uint64_t offset);

/* The next bytes, 0 at the end for now. -ESTALE: what was read before is no longer there. */
ssize_t source_read(struct source *source, void *buffer, size_t len);

/* Is another file at the path now? */
bool source_was_replaced(const struct source *source);

/* Bytes, for showing how far it has come. */
uint64_t source_size(const struct source *source);

void source_close(struct source *source);

#endif
