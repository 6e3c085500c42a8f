#include "writer/replay_parts.h"

#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define STAMPS_EXPECTED_WITHIN ((size_t)64 << 10) /* bytes */

void replay_mistake(
	const struct replay *replay, const char *key, const char *value, const char *why)
{
	const char *place = replay->conf->place;

	if (place)
		log_error("%s: %s = \"%s\": %s", place, key, value, why);
	else
		log_error("%s: %s", value, why);
}

/* start_at */

static bool is_nth(void *context, const char *line, size_t len)
{
	uint64_t *before = context;

	(void)line, (void)len;
	return (*before)-- == 0;
}

struct moment {
	struct recorded recorded;
	int64_t stamp;
};

static bool is_late_enough(void *context, const char *line, size_t len)
{
	struct moment *moment = context;

	return recorded_reaches(&moment->recorded, line, len, &moment->stamp);
}

/* The stamp that is looked for settles the format, too. */
static int find_moment(struct replay *replay, uint64_t *offset)
{
	const char *text = replay->conf->start_stamp;
	struct moment moment;
	struct range where;

	recorded_init(&moment.recorded, replay->conf);
	moment.recorded.format.column = 0;
	if (!stamp_find(&moment.recorded.format, text, strlen(text), &moment.stamp, &where))
		return -EINVAL;
	moment.recorded.format.column = replay->pace.recorded.format.column;
	moment.recorded.format.pattern = replay->stamp_pattern;
	return source_find_line(&replay->source, is_late_enough, &moment, offset);
}

static int find_start(struct replay *replay, uint64_t *offset)
{
	uint64_t before = replay->conf->start_line - 1;
	int r;

	if (replay->conf->start_stamp)
		return find_moment(replay, offset);
	if (before == 0)
		return 0;
	r = source_find_line(&replay->source, is_nth, &before, offset);
	return r == -ENODATA && before == 0 ? 0 : r; /* behind the last one, it may yet come */
}

bool replay_starts_late(const struct replay *replay)
{
	return replay->conf->start_stamp || replay->conf->start_line > 1;
}

int replay_go_to_start(struct replay *replay)
{
	struct position *done = &replay->append.batch.header->done;
	char line[32];
	int r = find_start(replay, &done->offset);

	if (r == 0)
		r = source_seek(&replay->source, done->offset);
	replay->round_start = done->offset;
	if (r == 0)
		return 0;
	snprintf(line, sizeof(line), "%" PRIu64, replay->conf->start_line);
	replay_mistake(replay, "start_at",
		replay->conf->start_stamp ? replay->conf->start_stamp : line,
		r == -ENODATA ? "the source has no such line, nor a later one" : reason(r));
	return r;
}

/* timestamp */

static bool has_stamp(struct replay *replay, const char *data, size_t len, size_t *lines)
{
	struct range where;
	int64_t stamp;
	size_t line;

	for (size_t at = 0; at < len; at += line + 1, ++*lines) {
		const char *newline = memchr(data + at, '\n', len - at);

		line = newline ? (size_t)(newline - data) - at : len - at;
		if (stamp_find(&replay->pace.recorded.format, data + at, line, &stamp, &where))
			return true;
	}
	return false;
}

int replay_check_stamps(struct replay *replay)
{
	const struct replay_conf *conf = replay->conf;
	char *data = replay->append.batch.data, why[256];
	size_t lines = 0;
	ssize_t n;

	if (!(conf->by_stamps || conf->restamp) || replay->source.stream >= 0 ||
		replay_batch(replay)->length > 0)
		return 0;
	n = source_peek(
		&replay->source, data, STAMPS_EXPECTED_WITHIN, replay_batch(replay)->done.offset);
	if (n <= 0)
		return (int)n;
	if (has_stamp(replay, data, (size_t)n, &lines))
		return 0;
	snprintf(why, sizeof(why),
		"none of the first %zu lines of %s has such a stamp; allowed are auto, %s, or a "
		"format of strptime(3)",
		lines, conf->source, stamp_format_names);
	replay_mistake(replay, "timestamp", conf->timestamp, why);
	return -EINVAL;
}
