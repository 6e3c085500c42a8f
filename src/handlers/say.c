#include "handlers/say.h"

#include <stdarg.h>
#include <stdio.h>

int refuse(char *reason, size_t size, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, size, format, arguments);
	va_end(arguments);
	return error;
}

enum lk_verdict fail(struct lk_result *result, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(result->reason, sizeof(result->reason), format, arguments);
	va_end(arguments);
	return LK_FAILED;
}

enum lk_verdict bad_line(struct lk_result *result, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(result->reason, sizeof(result->reason), format, arguments);
	va_end(arguments);
	return LK_BAD;
}

void tell(const struct lk_settings *settings, enum lk_log_level level, const char *format, ...)
{
	char message[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	settings->log(level, message);
}
