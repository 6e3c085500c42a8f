/*
 * The recorded log, read in big pieces: a file, plain or compressed, several of them that a pattern
 * matches, one after the other, or a stream (a FIFO or standard input).
 *
 * Offsets count the uncompressed bytes of all files; where one that has a successor ends without a
 * newline, one is read as if it were there. What was read is checked against what was there before:
 * a log that is truncated or overwritten while it is read must not turn into torn lines.
 */
#ifndef WRITER_SOURCE_H
#define WRITER_SOURCE_H

#include "lines/content.h"
#include "lines/place.h"
#include "writer/source_files.h"

#include <stdbool.h>
#include <sys/stat.h>

#define SOURCE_STDIN "-"

struct source {
	const char *path;
	struct source_files files;
	size_t current;          /* of the files */
	struct content *content; /* the current one, open */
	struct stat seen;        /* it, when it was found unchanged the last time */
	struct place place;      /* the end of what was read; a packed file: only its offset */
	uint64_t kept_from,
		unpacked_to; /* a packed file: what can be read again without going back */
	char *head;          /* the first PLACE_WINDOW bytes, if reading them again is dear */
	size_t head_length;
	int stream;   /* else -1 */
	bool endless; /* a stream without an end: we hold it open ourselves */
};

/* Opens `path`, which must outlive the source, to be read from its beginning. `endless`: a FIFO has
 * no end when its writers leave. 0, -EISDIR, -EINVAL (nothing that can be read), -ENOENT (also:
 * nothing matches), or what open(2) says. */
int source_open(struct source *source, const char *path, bool endless);

/* To be read from `offset` on; a stream only knows where it is. 0, -ENODATA if it is shorter, or a
 * negative errno. */
int source_seek(struct source *source, uint64_t offset);

/* The next bytes, 0 at the end for now. -EAGAIN: a stream has none now. -ESTALE: what was read
 * before is no longer there. -EBADMSG: a compressed file is damaged. */
ssize_t source_read(struct source *source, void *buffer, size_t len);

/* Reads from the beginning to the first line that is wanted: its offset. Of a very long line only
 * the first part is shown. -ENODATA: there is none, and *offset is the end. */
typedef bool (*source_wanted)(void *context, const char *line, size_t len);
int source_find_line(struct source *source, source_wanted wanted, void *context, uint64_t *offset);

/* What it has at `offset`, without moving on; a place_reader. Not for a stream. */
ssize_t source_peek(void *from, void *buffer, size_t len, uint64_t offset);

/* The place of `offset`. As place_take(). A stream has none: its offset is 0. */
int source_place(struct source *source, uint64_t offset, struct place *place);

/* At the end: does the path lead to another file now? If it is a pattern, what matches it anew is
 * read next, which is no replacement: then *more is set. */
bool source_was_replaced(struct source *source, bool *more);

/* Bytes, for showing how far it has come; 0: not known. */
uint64_t source_size(const struct source *source);

void source_close(struct source *source);

#endif
