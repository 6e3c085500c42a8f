/*
 * The file for lines that can never be handled: one text line for each,
 * "time=… file=… path=… offset=… reason=… line=…", values percent-encoded as in a checkpoint, so
 * that any byte comes through. A crash between this and the checkpoint may put a line there twice.
 */
#ifndef TAILER_DEAD_LETTER_H
#define TAILER_DEAD_LETTER_H

#include "linekeeper/handler.h"
#include "lines/record.h"

struct dead_letter {
	int fd; /* -1: there is none */
};

/* Opens and locks the file; `path` NULL: none. 0, -EWOULDBLOCK when it is used by another process,
 * or a negative errno. */
int dead_letter_open(struct dead_letter *dead_letter, const char *path);

/* Adds a line durably. 0 or a negative errno, with nothing added. */
int dead_letter_add(const struct dead_letter *dead_letter, const struct record *record,
	const struct lk_line *line, const char *why);

void dead_letter_close(struct dead_letter *dead_letter);

#endif
