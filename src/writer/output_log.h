/* What a command says on its standard error, logged line by line. */
#ifndef WRITER_OUTPUT_LOG_H
#define WRITER_OUTPUT_LOG_H

#include <stdbool.h>
#include <stddef.h>

#define OUTPUT_LOG_LINE 1024 /* longer ones are logged in pieces */

struct output_log {
	char line[OUTPUT_LOG_LINE];
	size_t length;
};

/* Reads once from `fd` and logs what is whole; at the end of file the rest, too. Returns whether
 * there may be more. */
bool output_log_read(struct output_log *log, int fd);

#endif
