/*
 * The time stamp that a line of a log carries: found, and read to nanoseconds since 1970.
 *
 * A format is strptime(3)'s, with %f for a fraction of a second (digits, with or without a point or
 * comma before them, or nothing at all), or the name of a known one, or "auto": whichever known one
 * is met first. A stamp without a zone is taken as UTC: it is differences that matter.
 */
#ifndef LINES_STAMP_H
#define LINES_STAMP_H

#include "lines/expression.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stamp_format {
	const char *name;
	const char *format; /* NULL: which of those of that name is not known yet */
	bool has_year;
	uint32_t column; /* the word it begins with, from 1; 0: wherever it is met first */
	struct expression *pattern; /* or: its first group is the stamp; NULL: none */
};

/* The names, with commas, for messages. */
extern const char stamp_format_names[];

/* Is this "auto", one of the names, or a format? */
bool stamp_format_valid(const char *text);

/* `text`, a name or a format, must outlive it. */
void stamp_format_init(struct stamp_format *stamp, const char *text);

/* Does the line carry one? Then its time, and where it is. A name's format is settled by the first.
 */
bool stamp_find(
	struct stamp_format *stamp, const char *line, size_t len, int64_t *ns, struct range *where);

/* Writes another time over a stamp that was found, in the same format, zone and number of digits.
 * False, and it stays as it was, where that would not take the same room. */
bool stamp_rewrite(
	const struct stamp_format *stamp, char *line, const struct range *where, uint64_t now_ns);

#endif
