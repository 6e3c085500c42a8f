#include "handlers/settings.h"
#include "handlers/say.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

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

char **option_values(const struct lk_settings *settings, const char *name)
{
	size_t count = 0, from = 0;
	const char *value;
	char **values;

	while (lk_option(settings, name, &from))
		count++;
	values = calloc(count + 1, sizeof(*values));
	if (!values)
		return NULL;
	/* As for execve(2): not const, though nobody writes to them. */
	for (count = from = 0; (value = lk_option(settings, name, &from));)
		values[count++] = (char *)(uintptr_t)value;
	return values;
}
