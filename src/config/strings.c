#include "config/strings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool strings_add(char ***list, const char *format, ...)
{
	size_t count = 0;
	char **longer, *text;
	va_list arguments;
	int len;

	while (*list && (*list)[count])
		count++;
	longer = reallocarray(*list, count + 2, sizeof(char *));
	if (!longer)
		return false;
	*list = longer;
	longer[count] = NULL;
	va_start(arguments, format);
	len = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (len < 0)
		return false;
	longer[count] = text;
	longer[count + 1] = NULL;
	return true;
}

void strings_free(char **list)
{
	for (char **text = list; text && *text; text++)
		free(*text);
	free(list);
}
