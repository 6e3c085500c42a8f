#include "config/handler_conf.h"

#include "config/strings.h"
#include "config/take.h"
#include "config/text.h"

#include <stdlib.h>
#include <string.h>

struct handler_key {
	const char *name;
	bool (*add)(cfg_t *section, const char *key, struct handler_conf *handler);
};

#define BUFFER_MIN ((size_t)64 * 1024)
#define BUFFER_MAX ((size_t)1024 * 1024 * 1024)

static const char *const yes_or_no[] = { "no", "yes", NULL };
static const char *const mode_names[] = { "stream", "processor", NULL };
static const char *const facility_names[] = { "auth", "authpriv", "cron", "daemon", "ftp", "lpr",
	"mail", "news", "syslog", "user", "uucp", "local0", "local1", "local2", "local3", "local4",
	"local5", "local6", "local7", NULL };
static const char *const level_names[] = { "emerg", "alert", "crit", "err", "warning", "notice",
	"info", "debug", NULL };

static bool add_option(struct handler_conf *handler, const char *key, const char *value)
{
	return strings_add(&handler->options, "%s=%s", key, value) || take_no_memory();
}

static bool add_text(cfg_t *section, const char *key, struct handler_conf *handler)
{
	char *text;
	bool good = take_text(section, key, &text) && (!text || add_option(handler, key, text));

	free(text);
	return good;
}

static bool add_path(cfg_t *section, const char *key, struct handler_conf *handler)
{
	char *path;
	bool good = take_path(section, key, &path) && (!path || add_option(handler, key, path));

	free(path);
	return good;
}

static bool add_needed_path(cfg_t *section, const char *key, struct handler_conf *handler)
{
	return take_needs(section, key) && add_path(section, key, handler);
}

static bool add_choice(
	cfg_t *section, const char *key, const char *const *names, struct handler_conf *handler)
{
	int index;

	return take_choice(section, key, names, &index) && add_option(handler, key, names[index]);
}

static bool add_mode(cfg_t *section, const char *key, struct handler_conf *handler)
{
	bool processor = strcmp(cfg_getstr(section, key), "processor") == 0;

	if (processor && !cfg_getstr(section, "output"))
		return take_error(section, key, "mode = \"processor\" needs output, a file");
	if (!processor && cfg_getstr(section, "output"))
		return take_error(section, "output", "output needs mode = \"processor\"");
	return add_choice(section, key, mode_names, handler);
}

static bool add_facility(cfg_t *section, const char *key, struct handler_conf *handler)
{
	return add_choice(section, key, facility_names, handler);
}

static bool add_level(cfg_t *section, const char *key, struct handler_conf *handler)
{
	return add_choice(section, key, level_names, handler);
}

/* As many options as values. */
static bool add_list(cfg_t *section, const char *key, struct handler_conf *handler)
{
	for (unsigned i = 0; i < cfg_size(section, key); i++)
		if (!add_option(handler, key, cfg_getnstr(section, key, i)))
			return false;
	return true;
}

static bool add_buffer(cfg_t *section, const char *key, struct handler_conf *handler)
{
	char bytes[32];
	size_t size;

	if (!take_size(section, key, BUFFER_MIN, BUFFER_MAX, &size))
		return false;
	snprintf(bytes, sizeof(bytes), "%zu", size);
	return add_option(handler, key, bytes);
}

static bool add_yes_or_no(cfg_t *section, const char *key, struct handler_conf *handler)
{
	return add_choice(section, key, yes_or_no, handler);
}

static bool add_command(cfg_t *section, const char *key, struct handler_conf *handler)
{
	char **command = NULL;
	bool good = take_command(section, key, &command);

	for (char **word = command; good && *word; word++)
		good = add_option(handler, key, *word);
	strings_free(command);
	return good;
}

static bool set_module(cfg_t *section, const char *key, struct handler_conf *handler)
{
	const char *module;

	if (!take_needs(section, key))
		return false;
	module = cfg_getstr(section, key);
	if (!*module || (strchr(module, '/') && *module != '/'))
		return take_error(section, key,
			"module = \"%s\": must be an absolute path, or the bare name of an "
			"installed module",
			module);
	return take_text(section, key, &handler->module);
}

static bool add_module_options(cfg_t *section, const char *key, struct handler_conf *handler)
{
	for (unsigned i = 0; i < cfg_size(section, key); i++) {
		const char *option = cfg_getnstr(section, key, i);

		if (*option == '=' || !strchr(option, '='))
			return take_error(
				section, key, "options: \"%s\" is not \"name=value\"", option);
		if (!strings_add(&handler->options, "%s", option))
			return take_no_memory();
	}
	return true;
}

static const char *const type_names[] = { "print", "file", "exec", "journal", "syslog", "serve",
	"module", NULL };

/* Which type has which keys, in the order of type_names. */
static const struct handler_key type_keys[][5] = {
	{ { NULL, NULL } },
	{ { "path", add_needed_path } },
	{ { "command", add_command }, { "mode", add_mode }, { "output", add_path } },
	{ { "identifier", add_text } },
	{ { "identifier", add_text }, { "facility", add_facility }, { "level", add_level },
		{ "socket", add_path } },
	{ { "listen", add_list }, { "buffer", add_buffer }, { "allow_remote", add_yes_or_no } },
	{ { "module", set_module }, { "options", add_module_options } },
};

static bool has_key(const struct handler_key *keys, const char *name)
{
	for (; keys->name; keys++)
		if (strcmp(keys->name, name) == 0)
			return true;
	return strcmp(name, "type") == 0;
}

static bool refuse_key(
	cfg_t *section, const char *key, const char *type, const struct handler_key *keys)
{
	char allowed[128] = "type";
	size_t len = strlen(allowed);

	for (; keys->name; keys++)
		len += (size_t)snprintf(allowed + len, sizeof(allowed) - len, ", %s", keys->name);
	return take_error(section, key,
		"%s does not belong to a handler of type \"%s\"; "
		"allowed here: %s",
		key, type, allowed);
}

static bool only_keys_of(cfg_t *section, const char *type, const struct handler_key *keys)
{
	/* The first is SECTION_START. */
	for (cfg_opt_t *option = section->opts + 1; option->name; option++)
		if (parse_is_set(section, option->name) && !has_key(keys, option->name))
			return refuse_key(section, option->name, type, keys);
	return true;
}

static bool take_options(
	cfg_t *section, const struct handler_key *keys, struct handler_conf *handler)
{
	handler->options = calloc(1, sizeof(char *));
	if (!handler->options)
		return take_no_memory();
	for (; keys->name; keys++)
		if (!keys->add(section, keys->name, handler))
			return false;
	return true;
}

bool handler_conf_take(cfg_t *section, struct handler_conf *handler)
{
	int type;

	return take_place(section, &handler->place) && take_name(section, &handler->name) &&
	       take_needs(section, "type") && take_choice(section, "type", type_names, &type) &&
	       take_text(section, "type", &handler->type) &&
	       only_keys_of(section, handler->type, type_keys[type]) &&
	       take_options(section, type_keys[type], handler);
}

const struct handler_conf *handler_conf_find(
	const struct handler_conf *handlers, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(handlers[i].name, name) == 0)
			return &handlers[i];
	return NULL;
}

/* Is the option one of this key? */
static bool is_of(const char *option, const char *key)
{
	size_t len = strlen(key);

	return strncmp(option, key, len) == 0 && option[len] == '=';
}

/* The value of the first option of this name, or NULL. */
static const char *option_value(const struct handler_conf *handler, const char *name)
{
	for (char **option = handler->options; *option; option++)
		if (is_of(*option, name))
			return strchr(*option, '=') + 1;
	return NULL;
}

const char *handler_conf_output(const struct handler_conf *handler)
{
	if (strcmp(handler->type, "file") == 0)
		return option_value(handler, "path");
	if (strcmp(handler->type, "exec") == 0)
		return option_value(handler, "output");
	return NULL;
}

/* All options of a key whose value is a list. */
static void write_list(const struct handler_conf *handler, const char *key, FILE *out)
{
	const char *comma = "";

	if (!option_value(handler, key))
		return;
	fprintf(out, "\t%s = {", key);
	for (char **option = handler->options; *option; option++) {
		if (!is_of(*option, key))
			continue;
		fputs(comma, out);
		text_quoted(out, strchr(*option, '=') + 1);
		comma = ", ";
	}
	fputs("}\n", out);
}

static void write_option(const char *option, FILE *out)
{
	const char *value = strchr(option, '=') + 1;

	fprintf(out, "\t%.*s = ", (int)(value - option - 1), option);
	text_quoted(out, value);
	putc('\n', out);
}

static void write_options(const struct handler_conf *handler, FILE *out)
{
	write_list(handler, "command", out);
	write_list(handler, "listen", out);
	for (char **option = handler->options; *option; option++)
		if (!is_of(*option, "command") && !is_of(*option, "listen"))
			write_option(*option, out);
}

void handler_conf_write(const struct handler_conf *handler, FILE *out)
{
	text_open(out, "handler", handler->name);
	text_string(out, "type", handler->type);
	if (handler->module) {
		text_string(out, "module", handler->module);
		text_list(out, "options", handler->options);
	} else {
		write_options(handler, out);
	}
	text_close(out);
}

void handler_conf_free(struct handler_conf *handler)
{
	free(handler->name);
	free(handler->type);
	free(handler->module);
	strings_free(handler->options);
	free(handler->place);
}
