#include "config/take.h"

#include "base/log.h"
#include "config/paths.h"
#include "config/strings.h"
#include "config/units.h"
#include "lines/expression.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_LENGTH_MAX 64

bool take_error(cfg_t *section, const char *key, const char *format, ...)
{
	char message[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	parse_log(parse_place(section, key), message);
	return false;
}

bool take_no_memory(void)
{
	log_error("configuration: %s", reason(-ENOMEM));
	return false;
}

static bool copy(const char *text, char **to)
{
	*to = strdup(text);
	return *to || take_no_memory();
}

bool take_name(cfg_t *section, char **name)
{
	const char *title = cfg_title(section);
	size_t len = strspn(title, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_.-");

	if (len == 0 || title[len] || len > NAME_LENGTH_MAX || *title == '.')
		return take_error(section, NULL,
			"%s \"%s\": a name has letters, digits and _ . - only, at most %d, "
			"and does not begin with a dot",
			cfg_name(section), title, NAME_LENGTH_MAX);
	return copy(title, name);
}

bool take_place(cfg_t *section, char **place)
{
	return copy(parse_place(section, NULL), place);
}

bool take_needs(cfg_t *section, const char *key)
{
	if (cfg_size(section, key) > 0 && cfg_getstr(section, key))
		return true;
	return take_error(section, key, "%s \"%s\": %s is missing", cfg_name(section),
		cfg_title(section), key);
}

bool take_duration(cfg_t *section, const char *key, uint64_t least_ns, uint64_t *ns)
{
	const char *text = cfg_getstr(section, key);
	char least[32];
	int error = duration_parse(text, ns);

	if (error == -EINVAL)
		return take_error(section, key,
			"%s = \"%s\": not a duration; allowed are seconds, or a number with "
			"ns, us, ms, s, m, h or d behind it",
			key, text);
	duration_format(least_ns, least);
	if (error == -ERANGE || *ns < least_ns)
		return take_error(section, key,
			"%s = \"%s\": out of range; at least %s, at most 292 years", key, text,
			least);
	return true;
}

bool take_size(cfg_t *section, const char *key, size_t least, size_t most, size_t *bytes)
{
	const char *text = cfg_getstr(section, key);
	char low[32], high[32];
	uint64_t size;
	int error = size_parse(text, &size);

	if (error == -EINVAL)
		return take_error(section, key,
			"%s = \"%s\": not a size; allowed are bytes, or a number with k, M or G "
			"behind it",
			key, text);
	size_format(least, low);
	size_format(most, high);
	if (error == -ERANGE || size < least || size > most)
		return take_error(section, key,
			"%s = \"%s\": out of range; at least %s, at most %s", key, text, low, high);
	*bytes = (size_t)size;
	return true;
}

bool take_count(cfg_t *section, const char *key, unsigned least, unsigned most, unsigned *count)
{
	const char *text = cfg_getstr(section, key);
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (*end || strspn(text, "0123456789") == 0 || errno || number < least || number > most)
		return take_error(section, key, "%s = \"%s\": must be a number from %u to %u", key,
			text, least, most);
	*count = (unsigned)number;
	return true;
}

bool take_choice(cfg_t *section, const char *key, const char *const *names, int *index)
{
	const char *text = cfg_getstr(section, key);
	char allowed[256] = "";
	size_t len = 0;

	for (int i = 0; names[i]; i++) {
		if (strcmp(names[i], text) == 0) {
			*index = i;
			return true;
		}
		if (len < sizeof(allowed))
			len += (size_t)snprintf(allowed + len, sizeof(allowed) - len, "%s%s",
				i ? ", " : "", names[i]);
	}
	return take_error(section, key, "%s = \"%s\": allowed are %s", key, text, allowed);
}

bool take_text(cfg_t *section, const char *key, char **text)
{
	const char *value = cfg_getstr(section, key);

	*text = NULL;
	if (value && !*value)
		return take_error(section, key, "%s is empty", key);
	return !value || copy(value, text);
}

bool take_pattern(cfg_t *section, const char *key, char **text)
{
	struct expression *pattern;
	char message[256];
	int r;

	if (!take_text(section, key, text) || !*text)
		return !cfg_getstr(section, key);
	r = expression_compile(*text, &pattern, message, sizeof(message));
	if (r == -EINVAL)
		return take_error(section, key, "%s = \"%s\": %s", key, *text, message);
	if (r < 0)
		return take_no_memory();
	expression_free(pattern);
	return true;
}

static bool check_path(cfg_t *section, const char *key, const char *path)
{
	if (*path != '/')
		return take_error(section, key,
			"%s = \"%s\": must be an absolute path, a daemon lives in /", key, path);
	if (strlen(path) >= PATH_MAX)
		return take_error(
			section, key, "%s: a path has at most %d bytes", key, PATH_MAX - 1);
	return true;
}

bool take_path(cfg_t *section, const char *key, char **path)
{
	const char *value = cfg_getstr(section, key);

	*path = NULL;
	if (!value)
		return true;
	if (!check_path(section, key, value) || !copy(value, path))
		return false;
	path_tidy(*path);
	return true;
}

static bool take_list(cfg_t *section, const char *key, char ***list)
{
	*list = calloc(1, sizeof(char *));
	if (!*list)
		return take_no_memory();
	for (unsigned i = 0; i < cfg_size(section, key); i++)
		if (!strings_add(list, "%s", cfg_getnstr(section, key, i)))
			return take_no_memory();
	return true;
}

bool take_paths(cfg_t *section, const char *key, char ***paths)
{
	if (!take_list(section, key, paths))
		return false;
	for (char **path = *paths; *path; path++) {
		if (!check_path(section, key, *path))
			return false;
		path_tidy(*path);
	}
	return true;
}

bool take_command(cfg_t *section, const char *key, char ***command)
{
	return take_needs(section, key) && check_path(section, key, cfg_getstr(section, key)) &&
	       take_list(section, key, command);
}
