#include "config/writer_conf.h"

#include "base/file.h"
#include "config/take.h"
#include "config/text.h"

#include <stdlib.h>
#include <string.h>

static cfg_opt_t rotate_keys[] = {
	SECTION_START,
	KEY("size", "0"),
	KEY("interval", "0"),
	KEY("keep", "5"),
	KEY("by", "rename"),
	KEY("compress", "no"),
	CFG_END(),
};

static cfg_opt_t replay_keys[] = {
	SECTION_START,
	KEY("source", NULL),
	KEY("target", NULL),
	KEY("interval", "0.25"),
	KEY("rate", NULL),
	KEY("pace", "even"),
	KEY("timestamp", "auto"),
	KEY("timestamp_column", "0"),
	KEY("timestamp_pattern", NULL),
	KEY("speed", "1"),
	KEY("paused", "no"),
	KEY("max_gap", "1h"),
	KEY("restamp", "no"),
	KEY("catch_up", "burst"),
	KEY("burst", "1m"),
	KEY("record_start", NULL),
	KEY("start_at", "1"),
	KEY("stop_after", NULL),
	KEY("loop", "1"),
	KEY("loop_delay", "0"),
	KEY("at_end", "wait"),
	PART("rotate", rotate_keys),
	CFG_END(),
};

static cfg_opt_t job_keys[] = {
	SECTION_START,
	LIST_KEY("command"),
	KEY("target", NULL),
	KEY("interval", NULL),
	KEY("timeout", "0"),
	KEY("overlap", "skip"),
	KEY("first", "after"),
	KEY("align", "no"),
	KEY("stamp", NULL),
	CFG_END(),
};

static cfg_opt_t writer_keys[] = {
	COMMON_KEYS,
	SECTION("replay", replay_keys),
	SECTION("job", job_keys),
	CFG_END(),
};

static bool take_replays(cfg_t *tree, struct writer_conf *conf)
{
	unsigned count = cfg_size(tree, "replay");

	conf->replays = calloc(count + 1, sizeof(*conf->replays));
	if (!conf->replays)
		return take_no_memory();
	for (unsigned i = 0; i < count; i++) {
		conf->replay_count++;
		if (!replay_conf_take(cfg_getnsec(tree, "replay", i), &conf->replays[i]))
			return false;
	}
	return true;
}

static bool take_jobs(cfg_t *tree, struct writer_conf *conf)
{
	unsigned count = cfg_size(tree, "job");

	conf->jobs = calloc(count + 1, sizeof(*conf->jobs));
	if (!conf->jobs)
		return take_no_memory();
	for (unsigned i = 0; i < count; i++) {
		conf->job_count++;
		if (!job_conf_take(cfg_getnsec(tree, "job", i), &conf->jobs[i]))
			return false;
	}
	return true;
}

static bool take_sections(cfg_t *tree, struct writer_conf *conf)
{
	if (cfg_size(tree, "replay") + cfg_size(tree, "job") == 0)
		return take_error(tree, NULL, "there is no replay section and no job section");
	return take_replays(tree, conf) && take_jobs(tree, conf);
}

/* Takes the tree over. */
static struct writer_conf *conf_from(cfg_t *tree)
{
	struct writer_conf *conf = tree ? calloc(1, sizeof(*conf)) : NULL;

	if (conf && !(common_conf_take(tree, &conf->common) && take_sections(tree, conf))) {
		writer_conf_free(conf);
		conf = NULL;
	}
	if (tree)
		cfg_free(tree);
	return conf;
}

struct writer_conf *writer_conf_load(const char *file)
{
	struct writer_conf *conf = conf_from(parse_files(writer_keys, file));

	if (conf && !common_conf_places(&conf->common, "writer", file)) {
		writer_conf_free(conf);
		return NULL;
	}
	return conf;
}

static char *adhoc_text(const char *source, const char *target)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	text_open(out, "replay", "adhoc");
	text_string(out, "source", source);
	text_string(out, "target", target);
	text_string(out, "at_end", "exit");
	text_close(out);
	fclose(out);
	return text;
}

static struct writer_conf *adhoc_from(const char *source, const char *target)
{
	char *text = source && target ? adhoc_text(source, target) : NULL;
	struct writer_conf *conf = NULL;

	if (text)
		conf = conf_from(parse_text(writer_keys, "command line", text));
	free(text);
	return conf;
}

static void forget_place(struct replay_conf *replay)
{
	free(replay->place);
	replay->place = NULL;
}

/* The standard streams have no path: they get through the checks under another name. */
static bool restore_stream(const char *given, char **taken)
{
	char *copy;

	if (strcmp(given, "-") != 0)
		return true;
	copy = strdup(given);
	if (!copy)
		return false;
	free(*taken);
	*taken = copy;
	return true;
}

struct writer_conf *writer_conf_adhoc(const char *source, const char *target)
{
	char *from = strcmp(source, "-") == 0 ? strdup("/dev/stdin") : file_absolute(source);
	char *to = strcmp(target, "-") == 0        ? strdup("/dev/stdout")
		   : target_conf_is_socket(target) ? strdup(target)
						   : file_absolute(target);
	struct writer_conf *conf = adhoc_from(from, to);

	free(from);
	free(to);
	if (conf)
		forget_place(&conf->replays[0]);
	if (conf && restore_stream(source, &conf->replays[0].source) &&
		restore_stream(target, &conf->replays[0].target))
		return conf;
	writer_conf_free(conf);
	return NULL;
}

void writer_conf_dump(const struct writer_conf *conf, FILE *out)
{
	common_conf_dump(&conf->common, out);
	for (size_t i = 0; i < conf->replay_count; i++) {
		putc('\n', out);
		replay_conf_write(&conf->replays[i], out);
	}
	for (size_t i = 0; i < conf->job_count; i++) {
		putc('\n', out);
		job_conf_write(&conf->jobs[i], out);
	}
}

void writer_conf_free(struct writer_conf *conf)
{
	if (!conf)
		return;
	for (size_t i = 0; i < conf->replay_count; i++)
		replay_conf_free(&conf->replays[i]);
	for (size_t i = 0; i < conf->job_count; i++)
		job_conf_free(&conf->jobs[i]);
	free(conf->replays);
	free(conf->jobs);
	common_conf_free(&conf->common);
	free(conf);
}
