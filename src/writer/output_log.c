#include "writer/output_log.h"

#include "base/log.h"
#include "writer/cut.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void log_first(struct output_log *log, size_t length, size_t skip)
{
	log_warning("%.*s", (int)length, log->line);
	log->length -= length + skip;
	memmove(log->line, log->line + length + skip, log->length);
}

static void log_whole_lines(struct output_log *log)
{
	const char *newline;

	while ((newline = memchr(log->line, '\n', log->length)))
		log_first(log, (size_t)(newline - log->line), 1);
	if (log->length == sizeof(log->line))
		log_first(log, log->length, 0);
}

bool output_log_read(struct output_log *log, int fd)
{
	ssize_t n = read(fd, log->line + log->length, sizeof(log->line) - log->length);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	log->length += (size_t)n;
	log_whole_lines(log);
	if (n == 0 && log->length > 0)
		log_first(log, log->length, 0);
	return n > 0;
}
