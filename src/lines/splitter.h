/*
 * Bytes to lines. A line is what stands before a '\n'; every other byte is its own affair. Lines
 * over max_line are split, cut or skipped, and memory stays bounded whatever comes.
 */
#ifndef LINES_SPLITTER_H
#define LINES_SPLITTER_H

#include "linekeeper/handler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum long_line {
	LONG_LINE_SPLIT,    /* pieces of max_line, all but the last with LK_LINE_CONTINUES */
	LONG_LINE_TRUNCATE, /* the first max_line bytes, with LK_LINE_TRUNCATED */
	LONG_LINE_SKIP,     /* nothing of it */
};

struct splitter {
	size_t max_line; /* bytes, the newline not counted; at least 1 */
	enum long_line long_line;
	struct lk_line *lines;
	size_t capacity; /* of lines */
};

struct split {
	size_t count;    /* lines found */
	size_t consumed; /* bytes that need not be seen again: all the lines, and what was left out
			  */
	bool discarding; /* in and out: inside a long line whose rest is left out */
	size_t long_lines; /* how many began to be split, cut or skipped */
};

/* Splits bytes that stand at `offset` of a file into splitter->lines, which point into them. Stops
 * at the first line that is not complete. */
void split_lines(const struct splitter *splitter, const char *bytes, size_t len, uint64_t offset,
	struct split *split);

/* What `line` takes up in the file. */
size_t line_bytes(const struct lk_line *line);

#endif
