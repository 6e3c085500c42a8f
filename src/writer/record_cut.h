/* Records of several lines out of a buffer: each begins with a line that a pattern matches. */
#ifndef WRITER_RECORD_CUT_H
#define WRITER_RECORD_CUT_H

#include "lines/expression.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes of the first record, which ends where a whole line begins the next one; 0: its end is not
 * in sight. */
size_t record_cut_first(const struct expression *start, const char *data, size_t len);

/* As cut_lines(), of records. */
size_t record_cut(const struct expression *start, const char *data, size_t len,
	uint64_t max_records, size_t max_bytes, uint64_t *records);

#endif
