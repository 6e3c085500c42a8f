/*
 * Which file is which, after the live path changed: the part of a stream that finds files again.
 */
#ifndef LINES_ASSEMBLE_H
#define LINES_ASSEMBLE_H

#include "lines/stream.h"

/* What is at the live path: 0, a negative errno, or -EINVAL when it is not a regular file. */
int stream_stat(const struct stream *stream, struct stat *st);

/* Finds the known files among the live path (`live`, NULL when it leads nowhere) and its rotated
 * siblings, adds those that are new, and counts what is gone. */
void stream_assemble(struct stream *stream, const struct stat *live, const struct look *look);

/* The content of `file` is no longer what it was: truncated, overwritten. Looks for a copy of what
 * is unread, and begins anew at the path. */
void stream_displace(struct stream *stream, struct logfile *file, const struct look *look);

/* The file is deleted and has been read: has it a copy that is to mark the place from now on? Also
 * true when that cannot be told now. */
bool stream_find_copy(struct stream *stream, struct logfile *file, const struct look *look);

/* Nothing more is expected of the file: it stays to mark how far we have come. */
void stream_end(struct stream *stream, struct logfile *file);

/* Closes the account of the file, and forgets it. */
void stream_drop(struct stream *stream, struct logfile *file);

#endif
