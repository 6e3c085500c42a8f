#include "config/tailer_outputs.h"

#include "config/handler_conf.h"
#include "config/paths.h"
#include "config/take.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* A file that is written, and the key that says so. */
struct output {
	const char *file;
	cfg_t *section;
	const char *key;
};

/* Adds it to the `count` outputs known so far, unless one of them is the same file. */
static bool claim(struct output *outputs, size_t *count, struct output new)
{
	for (size_t i = 0; new.file &&i < *count; i++)
		if (path_same(outputs[i].file, new.file))
			return take_error(new.section, new.key,
				"%s = \"%s\": %s \"%s\" (%s) writes to this file already", new.key,
				new.file, cfg_name(outputs[i].section),
				cfg_title(outputs[i].section),
				parse_place(outputs[i].section, outputs[i].key));
	if (new.file)
		outputs[(*count)++] = new;
	return true;
}

static bool claim_all(cfg_t *tree, const struct tailer_conf *conf, struct output *outputs)
{
	size_t count = 0;

	for (size_t i = 0; i < conf->handler_count; i++) {
		const struct handler_conf *handler = &conf->handlers[i];
		struct output output = { handler_conf_output(handler),
			cfg_getnsec(tree, "handler", (unsigned)i),
			strcmp(handler->type, "file") == 0 ? "path" : "output" };

		if (!claim(outputs, &count, output))
			return false;
	}
	for (size_t i = 0; i < conf->tail_count; i++) {
		struct output output = { conf->tails[i].dead_letter,
			cfg_getnsec(tree, "tail", (unsigned)i), "dead_letter" };

		if (!claim(outputs, &count, output))
			return false;
	}
	return true;
}

/* NULL: nothing. */
static const char *what_is_unshared(const struct handler_conf *handler)
{
	if (strcmp(handler->type, "serve") == 0)
		return "sockets";
	return handler_conf_output(handler) ? "output" : NULL;
}

/* Handlers may be used by several sections, but not where they write to the same file or listen. */
static bool check_handler_users(cfg_t *tree, const struct tailer_conf *conf)
{
	for (size_t i = 0; i < conf->tail_count; i++) {
		const struct handler_conf *handler = conf->tails[i].handler;
		const char *unshared = what_is_unshared(handler);

		for (size_t j = 0; j < i && unshared; j++)
			if (conf->tails[j].handler == handler)
				return take_error(cfg_getnsec(tree, "tail", (unsigned)i), "handler",
					"handler = \"%s\": tail \"%s\" uses it already, and its "
					"%s cannot be shared",
					handler->name, conf->tails[j].name, unshared);
	}
	return true;
}

static bool reads(char *const *patterns, const char *file)
{
	for (; *patterns; patterns++)
		if (path_same(*patterns, file) ||
			fnmatch(*patterns, file, FNM_PATHNAME | FNM_PERIOD) == 0)
			return true;
	return false;
}

static bool check_own_file(
	cfg_t *section, const char *key, const struct tail_conf *tail, const char *file)
{
	if (!file || (!reads(tail->paths, file) && !reads(tail->rotated, file)))
		return true;
	return take_error(section, key,
		"%s: tail \"%s\" would read what it writes: its path or rotated covers %s", key,
		tail->name, file);
}

bool tailer_outputs_check(cfg_t *tree, const struct tailer_conf *conf)
{
	struct output *outputs = calloc(conf->handler_count + conf->tail_count, sizeof(*outputs));
	bool good = outputs ? claim_all(tree, conf, outputs) : take_no_memory();

	free(outputs);
	if (!good || !check_handler_users(tree, conf))
		return false;
	for (size_t i = 0; i < conf->tail_count; i++) {
		const struct tail_conf *tail = &conf->tails[i];
		cfg_t *section = cfg_getnsec(tree, "tail", (unsigned)i);

		if (!check_own_file(section, "handler", tail, handler_conf_output(tail->handler)) ||
			!check_own_file(section, "dead_letter", tail, tail->dead_letter))
			return false;
	}
	return true;
}
