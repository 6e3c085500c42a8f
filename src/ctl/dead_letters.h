/*
 * "linekeeperctl dead-letter": the lines that could never be handled. Each file has one text line
 * for each of them: "time=… file=… path=… offset=… reason=… line=…", values percent-encoded as in
 * a checkpoint (lines/record.h).
 */
#ifndef CTL_DEAD_LETTERS_H
#define CTL_DEAD_LETTERS_H

#include <stddef.h>
#include <stdint.h>

struct dead_line {
	uint64_t time_s; /* seconds since 1970 */
	char *path;
	uint64_t offset;
	char *reason;
	char *line; /* any bytes */
	size_t len;
};

/* Takes one such line apart, in place. 0 or -EINVAL. */
int dead_line_parse(char *text, struct dead_line *dead);

/* Prints them as a table. The exit status. */
int dead_letters_list(char *const *files, size_t count);

/* Prints the lines themselves, or appends them to `target`, and then empties the files. One with
 * something else in it is left as it is. The exit status. */
int dead_letters_retry(char *const *files, size_t count, const char *target);

#endif
