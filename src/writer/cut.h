/* Whole lines out of a buffer. Pure. */
#ifndef WRITER_CUT_H
#define WRITER_CUT_H

#include <stddef.h>
#include <stdint.h>

/* The bytes that the first lines in `data` take, newlines included: at most `max_lines` of them and
 * `max_bytes` bytes, but one line always, if there is a whole one. 0: there is none. Their number
 * goes to *lines. */
size_t cut_lines(
	const char *data, size_t len, uint64_t max_lines, size_t max_bytes, uint64_t *lines);

/* How many newlines there are. */
uint64_t cut_count(const char *data, size_t len);

/* The bytes of `data` up to its last newline, that included. */
size_t cut_whole(const char *data, size_t len);

#endif
