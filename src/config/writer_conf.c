#include "config/writer_conf.h"

#include "base/clock.h"
#include "base/file.h"
#include "config/paths.h"
#include "config/strings.h"
#include "config/take.h"
#include "config/text.h"
#include "config/units.h"

#include <ctype.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SPEED_MAX 1000000
#define STAMP_MAX 100
#define KEEP_MAX 1000000
#define COLUMN_MAX 1000
#define RATE_MAX (UINT64_C(1) << 40) /* a second */

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
	KEY("rotate_size", "0"),
	KEY("rotate_interval", "0"),
	KEY("rotate_keep", "5"),
	KEY("rotate_by", "rename"),
	KEY("rotate_compress", "no"),
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

static const char *const at_end_names[] = { "wait", "loop", "exit", NULL };
static const char *const pace_names[] = { "even", "timestamps", NULL };
static const char *const catch_up_names[] = { "burst", "skip", NULL };
static const char *const rotate_by_names[] = { "rename", "copytruncate", NULL };
static const char *const rotate_compress_names[] = { "no", "gz", NULL };
static const char *const overlap_names[] = { "skip", "queue", "kill", NULL };
static const char *const yes_names[] = { "no", "yes", NULL };
static const char *const first_names[] = { "after", "now", NULL };

static bool take_needed_path(cfg_t *section, const char *key, char **path)
{
	return take_needs(section, key) && take_path(section, key, path);
}

static bool is_socket(const char *target)
{
	return strncmp(target, "unix:", 5) == 0 || strncmp(target, "tcp:", 4) == 0;
}

/* "unix:/path" and "tcp:host:port" are no paths. */
static bool take_target(cfg_t *section, char **target)
{
	const char *value = cfg_getstr(section, "target"), *port;

	if (!value || !is_socket(value))
		return take_needed_path(section, "target", target);
	port = strrchr(value, ':');
	if (*value == 'u' ? value[5] != '/' : port - value < 5 || !port[1])
		return take_error(section, "target",
			"target = \"%s\": a socket is unix:/path or tcp:host:port", value);
	return take_text(section, "target", target);
}

static bool take_files(cfg_t *section, struct replay_conf *replay)
{
	if (!take_needed_path(section, "source", &replay->source) ||
		!take_target(section, &replay->target))
		return false;
	if (path_same(replay->source, replay->target) ||
		fnmatch(replay->source, replay->target, FNM_PATHNAME) == 0)
		return take_error(section, "target", "target = \"%s\": this is the source itself",
			replay->target);
	return true;
}

/* "50000": lines, "10M/s": bytes. */
static bool take_rate(cfg_t *section, struct replay_conf *replay)
{
	const char *text = cfg_getstr(section, "rate");
	size_t length = text ? strlen(text) : 0;
	bool bytes = length > 2 && strcmp(text + length - 2, "/s") == 0;
	char *number = text ? strndup(text, bytes ? length - 2 : length) : NULL;
	uint64_t rate = 0;
	bool good = number && size_parse(number, &rate) == 0 && rate > 0 && rate <= RATE_MAX &&
		    (bytes || strspn(number, "0123456789") == length);

	free(number);
	if (!text)
		return true;
	if (!good)
		return take_error(section, "rate",
			"rate = \"%s\": allowed are lines a second, such as 50000, or bytes, such "
			"as "
			"\"10M/s\"; at least 1",
			text);
	if (parse_is_set(section, "interval"))
		return take_error(section, "rate", "rate and interval exclude each other");
	*(bytes ? &replay->rate_bytes : &replay->rate_lines) = rate;
	return true;
}

/* Three decimals will do. */
static bool take_speed(cfg_t *section, struct replay_conf *replay)
{
	const char *text = cfg_getstr(section, "speed");
	uint64_t as_seconds = 0;
	bool plain = strspn(text, "0123456789.") == strlen(text);

	if (!plain || duration_parse(text, &as_seconds) < 0 || as_seconds < NS_PER_MS ||
		as_seconds > SPEED_MAX * NS_PER_S)
		return take_error(section, "speed",
			"speed = \"%s\": must be a number from 0.001 to 1000000", text);
	replay->speed_thousandths = as_seconds / NS_PER_MS;
	return true;
}

static bool take_timestamps(cfg_t *section, struct replay_conf *replay)
{
	unsigned column;
	int pace, paused, restamp;

	if (!take_choice(section, "pace", pace_names, &pace) ||
		!take_text(section, "timestamp", &replay->timestamp) ||
		!take_count(section, "timestamp_column", 0, COLUMN_MAX, &column) ||
		!take_pattern(section, "timestamp_pattern", &replay->timestamp_pattern) ||
		!take_speed(section, replay) ||
		!take_choice(section, "paused", yes_names, &paused) ||
		!take_choice(section, "restamp", yes_names, &restamp) ||
		!take_duration(section, "max_gap", 0, &replay->max_gap_ns))
		return false;
	replay->by_stamps = pace == 1;
	replay->paused = paused == 1;
	replay->restamp = restamp == 1;
	replay->timestamp_column = column;
	if (column > 0 && replay->timestamp_pattern)
		return take_error(section, "timestamp_pattern",
			"timestamp_column and timestamp_pattern exclude each other");
	if (replay->by_stamps &&
		(parse_is_set(section, "interval") || parse_is_set(section, "rate")))
		return take_error(section, "pace",
			"pace = \"timestamps\" and %s exclude each other",
			parse_is_set(section, "interval") ? "interval" : "rate");
	return true;
}

static bool take_pace(cfg_t *section, struct replay_conf *replay)
{
	int catch_up;

	if (!take_duration(section, "interval", 0, &replay->interval_ns) ||
		!take_rate(section, replay) || !take_timestamps(section, replay) ||
		!take_choice(section, "catch_up", catch_up_names, &catch_up) ||
		!take_duration(section, "burst", 0, &replay->burst_ns))
		return false;
	replay->catch_up = (enum catch_up)catch_up;
	return true;
}

/* "5000 lines" or a duration. */
static bool take_stop_after(cfg_t *section, struct replay_conf *replay)
{
	const char *text = cfg_getstr(section, "stop_after");
	uint64_t lines;
	int length = 0;

	if (!text)
		return true;
	if (isdigit((unsigned char)*text) &&
		sscanf(text, "%" SCNu64 " lines%n", &lines, &length) == 1 && length > 0 &&
		!text[length] && lines > 0 && lines < UINT64_MAX)
		replay->stop_lines = lines;
	else if (duration_parse(text, &replay->stop_after_ns) < 0 || replay->stop_after_ns == 0)
		return take_error(section, "stop_after",
			"stop_after = \"%s\": allowed are a duration above 0, such as 10m, or "
			"lines, "
			"such as \"5000 lines\"",
			text);
	return true;
}

static bool take_loop(cfg_t *section, struct replay_conf *replay)
{
	const char *text = cfg_getstr(section, "loop");
	bool forever = strcmp(text, "forever") == 0;
	unsigned loops = 0;

	if (!forever && !take_count(section, "loop", 1, UINT_MAX, &loops))
		return false;
	if (!forever && replay->at_end == AT_END_LOOP && parse_is_set(section, "loop"))
		return take_error(section, "loop", "at_end = \"loop\" is loop = \"forever\"");
	replay->loops = replay->at_end == AT_END_LOOP ? 0 : loops;
	return take_duration(section, "loop_delay", 0, &replay->loop_delay_ns);
}

static bool take_extent(cfg_t *section, struct replay_conf *replay)
{
	unsigned start_at;
	int at_end;

	if (!take_pattern(section, "record_start", &replay->record_start) ||
		!take_count(section, "start_at", 1, UINT_MAX, &start_at) ||
		!take_stop_after(section, replay) ||
		!take_choice(section, "at_end", at_end_names, &at_end))
		return false;
	replay->start_at = start_at;
	replay->at_end = (enum at_end)at_end;
	return take_loop(section, replay);
}

static bool take_rotate(cfg_t *section, struct rotate_conf *rotate)
{
	int by, compress;

	if (!take_size(section, "rotate_size", 0, SIZE_MAX / 2, &rotate->size) ||
		!take_duration(section, "rotate_interval", 0, &rotate->interval_ns) ||
		!take_count(section, "rotate_keep", 1, KEEP_MAX, &rotate->keep) ||
		!take_choice(section, "rotate_by", rotate_by_names, &by) ||
		!take_choice(section, "rotate_compress", rotate_compress_names, &compress))
		return false;
	rotate->copy = by == 1;
	rotate->compress = compress == 1;
	return true;
}

static bool take_replay(cfg_t *section, struct replay_conf *replay)
{
	return take_place(section, &replay->file, &replay->line) &&
	       take_name(section, &replay->name) && take_files(section, replay) &&
	       take_pace(section, replay) && take_extent(section, replay) &&
	       take_rotate(section, &replay->rotate);
}

static bool take_stamp(cfg_t *section, char **stamp)
{
	char text[STAMP_MAX];
	time_t now = 0;
	struct tm time;

	if (!take_text(section, "stamp", stamp) || !*stamp)
		return !cfg_getstr(section, "stamp");
	gmtime_r(&now, &time);
	if (clock_format(text, sizeof(text), *stamp, &time) == 0 || strchr(text, '\n'))
		return take_error(section, "stamp",
			"stamp = \"%s\": must be a format of strftime(3) that gives 1 to %d bytes "
			"without a newline",
			*stamp, STAMP_MAX - 1);
	return true;
}

static bool take_job(cfg_t *section, struct job_conf *job)
{
	int overlap, first, align;

	if (!take_place(section, &job->file, &job->line) || !take_name(section, &job->name) ||
		!take_command(section, "command", &job->command) ||
		!take_target(section, &job->target) || !take_needs(section, "interval") ||
		!take_duration(section, "interval", NS_PER_MS, &job->interval_ns) ||
		!take_duration(section, "timeout", 0, &job->timeout_ns) ||
		!take_choice(section, "overlap", overlap_names, &overlap) ||
		!take_choice(section, "first", first_names, &first) ||
		!take_choice(section, "align", yes_names, &align) ||
		!take_stamp(section, &job->stamp))
		return false;
	job->align = align == 1;
	job->overlap = (enum overlap)overlap;
	job->first_now = first == 1;
	return true;
}

static bool take_replays(cfg_t *tree, struct writer_conf *conf)
{
	unsigned count = cfg_size(tree, "replay");

	conf->replays = calloc(count + 1, sizeof(*conf->replays));
	if (!conf->replays)
		return take_no_memory();
	for (unsigned i = 0; i < count; i++) {
		conf->replay_count++;
		if (!take_replay(cfg_getnsec(tree, "replay", i), &conf->replays[i]))
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
		if (!take_job(cfg_getnsec(tree, "job", i), &conf->jobs[i]))
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
	char *to = strcmp(target, "-") == 0 ? strdup("/dev/stdout")
		   : is_socket(target)      ? strdup(target)
					    : file_absolute(target);
	struct writer_conf *conf = adhoc_from(from, to);

	free(from);
	free(to);
	if (conf && restore_stream(source, &conf->replays[0].source) &&
		restore_stream(target, &conf->replays[0].target))
		return conf;
	writer_conf_free(conf);
	return NULL;
}

static void pace_write(const struct replay_conf *replay, FILE *out)
{
	text_string(out, "pace", pace_names[replay->by_stamps]);
	text_string(out, "timestamp", replay->timestamp);
	text_count(out, "timestamp_column", replay->timestamp_column);
	text_string(out, "timestamp_pattern", replay->timestamp_pattern);
	text_speed(out, "speed", replay->speed_thousandths);
	text_duration(out, "max_gap", replay->max_gap_ns);
	text_string(out, "restamp", yes_names[replay->restamp]);
	text_string(out, "paused", yes_names[replay->paused]);
	if (replay->rate_lines)
		text_count(out, "rate", replay->rate_lines);
	else if (replay->rate_bytes)
		text_byte_rate(out, "rate", replay->rate_bytes);
	else if (!replay->by_stamps)
		text_duration(out, "interval", replay->interval_ns);
	text_string(out, "catch_up", catch_up_names[replay->catch_up]);
	text_duration(out, "burst", replay->burst_ns);
}

static void extent_write(const struct replay_conf *replay, FILE *out)
{
	text_string(out, "record_start", replay->record_start);
	text_count(out, "start_at", replay->start_at);
	if (replay->stop_lines)
		fprintf(out, "\tstop_after = \"%" PRIu64 " lines\"\n", replay->stop_lines);
	else if (replay->stop_after_ns)
		text_duration(out, "stop_after", replay->stop_after_ns);
	if (replay->loops)
		text_count(out, "loop", replay->loops);
	else
		text_string(out, "loop", "forever");
	text_duration(out, "loop_delay", replay->loop_delay_ns);
	text_string(out, "at_end", at_end_names[replay->at_end]);
}

static void rotate_write(const struct rotate_conf *rotate, FILE *out)
{
	text_size(out, "rotate_size", rotate->size);
	text_duration(out, "rotate_interval", rotate->interval_ns);
	text_count(out, "rotate_keep", rotate->keep);
	text_string(out, "rotate_by", rotate_by_names[rotate->copy]);
	text_string(out, "rotate_compress", rotate_compress_names[rotate->compress]);
}

static void replay_write(const struct replay_conf *replay, FILE *out)
{
	text_open(out, "replay", replay->name);
	text_string(out, "source", replay->source);
	text_string(out, "target", replay->target);
	pace_write(replay, out);
	extent_write(replay, out);
	rotate_write(&replay->rotate, out);
	text_close(out);
}

static void job_write(const struct job_conf *job, FILE *out)
{
	text_open(out, "job", job->name);
	text_list(out, "command", job->command);
	text_string(out, "target", job->target);
	text_duration(out, "interval", job->interval_ns);
	text_duration(out, "timeout", job->timeout_ns);
	text_string(out, "overlap", overlap_names[job->overlap]);
	text_string(out, "first", first_names[job->first_now]);
	text_string(out, "align", yes_names[job->align]);
	text_string(out, "stamp", job->stamp);
	text_close(out);
}

void writer_conf_dump(const struct writer_conf *conf, FILE *out)
{
	common_conf_dump(&conf->common, out);
	for (size_t i = 0; i < conf->replay_count; i++) {
		putc('\n', out);
		replay_write(&conf->replays[i], out);
	}
	for (size_t i = 0; i < conf->job_count; i++) {
		putc('\n', out);
		job_write(&conf->jobs[i], out);
	}
}

char *replay_conf_text(const struct replay_conf *replay)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	replay_write(replay, out);
	fclose(out);
	return text;
}

char *job_conf_text(const struct job_conf *job)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	job_write(job, out);
	fclose(out);
	return text;
}

static void replay_free(struct replay_conf *replay)
{
	free(replay->name);
	free(replay->source);
	free(replay->target);
	free(replay->record_start);
	free(replay->timestamp);
	free(replay->timestamp_pattern);
	free(replay->file);
}

static void job_free(struct job_conf *job)
{
	free(job->name);
	strings_free(job->command);
	free(job->stamp);
	free(job->target);
	free(job->file);
}

void writer_conf_free(struct writer_conf *conf)
{
	if (!conf)
		return;
	for (size_t i = 0; i < conf->replay_count; i++)
		replay_free(&conf->replays[i]);
	for (size_t i = 0; i < conf->job_count; i++)
		job_free(&conf->jobs[i]);
	free(conf->replays);
	free(conf->jobs);
	common_conf_free(&conf->common);
	free(conf);
}
