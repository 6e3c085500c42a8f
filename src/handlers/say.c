#include "handlers/say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
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

static bool is_one_of(const char *option, const char *const *names)
{
	for (; *names; names++) {
		size_t len = strlen(*names);

		if (strncmp(option, *names, len) == 0 && option[len] == '=')
			return true;
	}
	return false;
}

int only_options(
	const struct lk_settings *settings, const char *const *names, char *reason, size_t size)
{
	for (size_t i = 0; settings->options && settings->options[i]; i++) {
		const char *option = settings->options[i];

		if (!strchr(option, '='))
			return refuse(
				reason, size, -EINVAL, "option \"%s\": not NAME=VALUE", option);
		if (!is_one_of(option, names))
			return refuse(reason, size, -EINVAL, "no such option: \"%.*s\"",
				(int)strcspn(option, "="), option);
	}
	return 0;
}
