#include "config/tailer_conf.h"

#include "base/clock.h"
#include "base/file.h"
#include "config/handler_conf.h"
#include "config/strings.h"
#include "config/tailer_outputs.h"
#include "config/take.h"
#include "config/text.h"

#include <stdlib.h>

#define MAX_LINE_MAX ((size_t)1024 * 1024 * 1024)
#define MAX_OPEN_MAX 1000000
#define RETRIES_MAX 1000000

/* Those of all types; handler_conf.c says which type has which. */
static cfg_opt_t handler_keys[] = {
	SECTION_START,
	KEY("type", NULL),
	KEY("path", NULL),
	LIST_KEY("command"),
	KEY("mode", "stream"),
	KEY("output", NULL),
	KEY("identifier", NULL),
	KEY("facility", "user"),
	KEY("level", "info"),
	KEY("socket", "/dev/log"),
	LIST_KEY("listen"),
	KEY("buffer", "1M"),
	KEY("allow_remote", "no"),
	KEY("module", NULL),
	LIST_KEY("options"),
	CFG_END(),
};

static cfg_opt_t tail_keys[] = {
	SECTION_START,
	LIST_KEY("path"),
	LIST_KEY("rotated"),
	KEY("interval", "1.0"),
	KEY("watch", "poll"),
	KEY("rescan", "60"),
	KEY("start", "beginning"),
	KEY("grace", "5"),
	KEY("partial_timeout", "0"),
	KEY("max_line", "1M"),
	KEY("long_line", "split"),
	KEY("max_open", "1000"),
	KEY("checkpoint_interval", "1"),
	KEY("retries", "3"),
	KEY("dead_letter", NULL),
	KEY("ack", "close"),
	KEY("handler", NULL),
	CFG_END(),
};

static cfg_opt_t tailer_keys[] = {
	COMMON_KEYS,
	SECTION("handler", handler_keys),
	SECTION("tail", tail_keys),
	CFG_END(),
};

static const char *const watch_names[] = { "poll", "inotify", NULL };
static const char *const start_names[] = { "beginning", "end", NULL };
static const char *const ack_names[] = { "close", "line", NULL };
static const char *const long_line_names[] = { "split", "truncate", "skip", NULL };

static bool take_paths_of(cfg_t *section, struct tail_conf *tail)
{
	return take_needs(section, "path") && take_paths(section, "path", &tail->paths) &&
	       take_paths(section, "rotated", &tail->rotated) &&
	       take_path(section, "dead_letter", &tail->dead_letter);
}

static bool take_times(cfg_t *section, struct tail_conf *tail)
{
	return take_duration(section, "interval", NS_PER_MS, &tail->interval_ns) &&
	       take_duration(section, "rescan", NS_PER_MS, &tail->rescan_ns) &&
	       take_duration(section, "grace", 0, &tail->grace_ns) &&
	       take_duration(section, "partial_timeout", 0, &tail->partial_timeout_ns) &&
	       take_duration(section, "checkpoint_interval", 0, &tail->checkpoint_interval_ns);
}

static bool take_limits(cfg_t *section, struct tail_conf *tail)
{
	unsigned max_open;

	if (!take_size(section, "max_line", 1, MAX_LINE_MAX, &tail->max_line) ||
		!take_count(section, "max_open", 1, MAX_OPEN_MAX, &max_open) ||
		!take_count(section, "retries", 0, RETRIES_MAX, &tail->retries))
		return false;
	tail->max_open = max_open;
	return true;
}

static bool take_choices(cfg_t *section, struct tail_conf *tail)
{
	int watch, start, long_line, ack;

	if (!take_choice(section, "watch", watch_names, &watch) ||
		!take_choice(section, "start", start_names, &start) ||
		!take_choice(section, "long_line", long_line_names, &long_line) ||
		!take_choice(section, "ack", ack_names, &ack))
		return false;
	tail->watch = (enum watch)watch;
	tail->start = (enum start)start;
	tail->long_line = (enum long_line)long_line;
	tail->ack = (enum ack)ack;
	return true;
}

static bool take_handler(cfg_t *section, const struct tailer_conf *conf, struct tail_conf *tail)
{
	const char *name;

	if (!take_needs(section, "handler"))
		return false;
	name = cfg_getstr(section, "handler");
	tail->handler = handler_conf_find(conf->handlers, conf->handler_count, name);
	return tail->handler || take_error(section, "handler",
					"handler = \"%s\": there is no such handler section", name);
}

static bool take_tail(cfg_t *section, const struct tailer_conf *conf, struct tail_conf *tail)
{
	return take_place(section, &tail->place) && take_name(section, &tail->name) &&
	       take_paths_of(section, tail) && take_times(section, tail) &&
	       take_limits(section, tail) && take_choices(section, tail) &&
	       take_handler(section, conf, tail);
}

static bool take_handlers(cfg_t *tree, struct tailer_conf *conf)
{
	unsigned count = cfg_size(tree, "handler");

	conf->handlers = calloc(count + 1, sizeof(*conf->handlers));
	if (!conf->handlers)
		return take_no_memory();
	for (unsigned i = 0; i < count; i++) {
		conf->handler_count++;
		if (!handler_conf_take(cfg_getnsec(tree, "handler", i), &conf->handlers[i]))
			return false;
	}
	return true;
}

static bool take_tails(cfg_t *tree, struct tailer_conf *conf)
{
	unsigned count = cfg_size(tree, "tail");

	if (count == 0)
		return take_error(tree, NULL, "there is no tail section");
	conf->tails = calloc(count, sizeof(*conf->tails));
	if (!conf->tails)
		return take_no_memory();
	for (unsigned i = 0; i < count; i++) {
		conf->tail_count++;
		if (!take_tail(cfg_getnsec(tree, "tail", i), conf, &conf->tails[i]))
			return false;
	}
	return true;
}

/* Takes the tree over. */
static struct tailer_conf *conf_from(cfg_t *tree)
{
	struct tailer_conf *conf = tree ? calloc(1, sizeof(*conf)) : NULL;

	if (conf && !(common_conf_take(tree, &conf->common) && take_handlers(tree, conf) &&
			    take_tails(tree, conf) && tailer_outputs_check(tree, conf))) {
		tailer_conf_free(conf);
		conf = NULL;
	}
	if (tree)
		cfg_free(tree);
	return conf;
}

struct tailer_conf *tailer_conf_load(const char *file)
{
	struct tailer_conf *conf = conf_from(parse_files(tailer_keys, file));

	if (conf && !common_conf_places(&conf->common, "tailer", file)) {
		tailer_conf_free(conf);
		return NULL;
	}
	return conf;
}

static bool absolute_paths(char *const *paths, size_t count, char ***absolute)
{
	*absolute = NULL;
	for (size_t i = 0; i < count; i++) {
		char *path = file_absolute(paths[i]);
		bool added = path && strings_add(absolute, "%s", path);

		free(path);
		if (!added)
			return false;
	}
	return true;
}

static char *adhoc_text(char *const *paths)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs("handler \"print\" { type = print }\n", out);
	text_open(out, "tail", "adhoc");
	text_list(out, "path", paths);
	text_string(out, "handler", "print");
	text_close(out);
	fclose(out);
	return text;
}

struct tailer_conf *tailer_conf_adhoc(char *const *paths, size_t count)
{
	char **absolute, *text = NULL;
	struct tailer_conf *conf = NULL;

	if (absolute_paths(paths, count, &absolute))
		text = adhoc_text(absolute);
	if (text)
		conf = conf_from(parse_text(tailer_keys, "command line", text));
	free(text);
	strings_free(absolute);
	return conf;
}

static void tail_write(const struct tail_conf *tail, FILE *out)
{
	text_open(out, "tail", tail->name);
	text_list(out, "path", tail->paths);
	text_list(out, "rotated", tail->rotated);
	text_duration(out, "interval", tail->interval_ns);
	text_string(out, "watch", watch_names[tail->watch]);
	text_duration(out, "rescan", tail->rescan_ns);
	text_string(out, "start", start_names[tail->start]);
	text_duration(out, "grace", tail->grace_ns);
	text_duration(out, "partial_timeout", tail->partial_timeout_ns);
	text_size(out, "max_line", tail->max_line);
	text_string(out, "long_line", long_line_names[tail->long_line]);
	text_count(out, "max_open", tail->max_open);
	text_duration(out, "checkpoint_interval", tail->checkpoint_interval_ns);
	text_count(out, "retries", tail->retries);
	text_string(out, "dead_letter", tail->dead_letter);
	text_string(out, "ack", ack_names[tail->ack]);
	text_string(out, "handler", tail->handler->name);
	text_close(out);
}

void tailer_conf_dump(const struct tailer_conf *conf, FILE *out)
{
	common_conf_dump(&conf->common, out);
	for (size_t i = 0; i < conf->handler_count; i++) {
		putc('\n', out);
		handler_conf_write(&conf->handlers[i], out);
	}
	for (size_t i = 0; i < conf->tail_count; i++) {
		putc('\n', out);
		tail_write(&conf->tails[i], out);
	}
}

char *tail_conf_text(const struct tail_conf *tail)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	handler_conf_write(tail->handler, out);
	tail_write(tail, out);
	fclose(out);
	return text;
}

static void tail_free(struct tail_conf *tail)
{
	free(tail->name);
	strings_free(tail->paths);
	strings_free(tail->rotated);
	free(tail->dead_letter);
	free(tail->place);
}

void tailer_conf_free(struct tailer_conf *conf)
{
	if (!conf)
		return;
	for (size_t i = 0; i < conf->tail_count; i++)
		tail_free(&conf->tails[i]);
	for (size_t i = 0; i < conf->handler_count; i++)
		handler_conf_free(&conf->handlers[i]);
	free(conf->tails);
	free(conf->handlers);
	common_conf_free(&conf->common);
	free(conf);
}
