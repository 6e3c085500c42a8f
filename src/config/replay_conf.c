#include "config/replay_conf.h"

#include "base/clock.h"
#include "config/paths.h"
#include "config/take.h"
#include "config/text.h"
#include "config/units.h"
#include "lines/stamp.h"

#include <ctype.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define SPEED_MAX 1000000
#define COLUMN_MAX 1000
#define RATE_MAX (UINT64_C(1) << 40) /* a second */

static const char *const at_end_names[] = { "wait", "loop", "exit", NULL };
static const char *const pace_names[] = { "even", "timestamps", NULL };
static const char *const catch_up_names[] = { "burst", "skip", NULL };
static const char *const yes_names[] = { "no", "yes", NULL };

static bool take_files(cfg_t *section, struct replay_conf *replay)
{
	if (!take_needs(section, "source") || !take_path(section, "source", &replay->source) ||
		!target_conf_take(section, &replay->target))
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
	if (!stamp_format_valid(replay->timestamp))
		return take_error(section, "timestamp",
			"timestamp = \"%s\": allowed are auto, %s, or a format of strptime(3)",
			replay->timestamp, stamp_format_names);
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

/* Is this the whole of a stamp such as the lines have? */
static bool is_stamp(const char *text, const char *timestamp)
{
	struct stamp_format format;
	struct range where;
	int64_t ns;

	stamp_format_init(&format, timestamp);
	return stamp_find(&format, text, strlen(text), &ns, &where) && where.begin == 0 &&
	       !text[where.end];
}

/* The number of a line, or a stamp. */
static bool take_start_at(cfg_t *section, struct replay_conf *replay)
{
	const char *text = cfg_getstr(section, "start_at");
	unsigned line;

	if (strspn(text, "0123456789") == strlen(text) && strlen(text) < 10) {
		if (!take_count(section, "start_at", 1, UINT_MAX, &line))
			return false;
		replay->start_line = line;
		return true;
	}
	if (!is_stamp(text, replay->timestamp))
		return take_error(section, "start_at",
			"start_at = \"%s\": allowed are the number of a line, from 1, or a time "
			"stamp as the lines have it",
			text);
	return take_text(section, "start_at", &replay->start_stamp);
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
	int at_end;

	if (!take_pattern(section, "record_start", &replay->record_start) ||
		!take_start_at(section, replay) || !take_stop_after(section, replay) ||
		!take_choice(section, "at_end", at_end_names, &at_end))
		return false;
	replay->at_end = (enum at_end)at_end;
	return take_loop(section, replay);
}

bool replay_conf_take(cfg_t *section, struct replay_conf *replay)
{
	return take_place(section, &replay->place) && take_name(section, &replay->name) &&
	       take_files(section, replay) && take_pace(section, replay) &&
	       take_extent(section, replay) && rotate_conf_take(section, &replay->rotate);
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
	if (replay->start_stamp)
		text_string(out, "start_at", replay->start_stamp);
	else
		text_count(out, "start_at", replay->start_line);
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

void replay_conf_write(const struct replay_conf *replay, FILE *out)
{
	text_open(out, "replay", replay->name);
	text_string(out, "source", replay->source);
	text_string(out, "target", replay->target);
	pace_write(replay, out);
	extent_write(replay, out);
	rotate_conf_write(&replay->rotate, out);
	text_close(out);
}

char *replay_conf_text(const struct replay_conf *replay)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	replay_conf_write(replay, out);
	fclose(out);
	return text;
}

void replay_conf_free(struct replay_conf *replay)
{
	free(replay->name);
	free(replay->source);
	free(replay->target);
	free(replay->record_start);
	free(replay->start_stamp);
	free(replay->timestamp);
	free(replay->timestamp_pattern);
	free(replay->place);
}
