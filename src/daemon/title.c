#include "daemon/title.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the kernel shows as the command line, see proc(5) on /proc/PID/cmdline. There is one per
 * process, as there is one environ. */
static struct {
	char *start;
	size_t size;
	char *copy; /* of what was there: argv and environ point into it now */
} area;

/* The end of those of these strings that follow one another from `end` on. */
static char *end_of(char *const *string, char *end)
{
	for (; *string == end; string++)
		end += strlen(end) + 1;
	return end;
}

static char *moved(char *string)
{
	ptrdiff_t offset = string - area.start;

	return offset >= 0 && (size_t)offset < area.size ? area.copy + offset : string;
}

static void move_all(char **string)
{
	for (; *string; string++)
		*string = moved(*string);
}

void title_init(int argc, char **argv)
{
	if (argc < 1)
		return;
	area.start = argv[0];
	area.size = (size_t)(end_of(environ, end_of(argv, argv[0])) - area.start);
	area.copy = malloc(area.size);
	if (!area.copy) {
		area.size = 0; /* ps goes on showing the command line */
		return;
	}
	memcpy(area.copy, area.start, area.size);
	move_all(argv);
	move_all(environ);
	program_invocation_name = moved(program_invocation_name);
	program_invocation_short_name = moved(program_invocation_short_name);
}

void title_set(const char *format, ...)
{
	va_list arguments;

	if (area.size == 0)
		return;
	memset(area.start, '\0', area.size);
	va_start(arguments, format);
	vsnprintf(area.start, area.size, format, arguments);
	va_end(arguments);
}
