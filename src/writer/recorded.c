#include "writer/recorded.h"

#include "base/clock.h"

#define SET_BACK_NS ((int64_t)(60 * NS_PER_S))
#define YEAR_NS ((int64_t)(366 * 86400 * NS_PER_S)) /* as stamp.c has it: a leap year */

void recorded_init(struct recorded *recorded, const struct replay_conf *conf)
{
	*recorded = (struct recorded){
		.speed_thousandths = conf->speed_thousandths,
		.max_gap_ns = conf->max_gap_ns,
	};
	stamp_format_init(&recorded->format, conf->timestamp);
	recorded->format.column = (uint32_t)conf->timestamp_column;
}

void recorded_start(struct recorded *recorded, uint64_t first_ns)
{
	recorded->started = false;
	recorded->due_ns = first_ns;
}

/* December to January. */
static int64_t with_year(struct recorded *recorded, int64_t stamp)
{
	if (recorded->format.has_year)
		return stamp;
	stamp += recorded->years;
	if (recorded->started && stamp < recorded->latest - YEAR_NS / 2) {
		recorded->years += YEAR_NS;
		stamp += YEAR_NS;
	}
	return stamp;
}

static uint64_t wait_for(struct recorded *recorded, int64_t gap)
{
	uint64_t wait = (uint64_t)gap;

	if (wait > recorded->max_gap_ns) {
		wait = recorded->max_gap_ns;
		recorded->capped++;
	}
	return (uint64_t)((unsigned __int128)wait * 1000 / recorded->speed_thousandths);
}

uint64_t recorded_advance(struct recorded *recorded, const char *line, size_t len)
{
	struct range where;
	int64_t stamp, gap;

	if (!stamp_find(&recorded->format, line, len, &stamp, &where)) {
		recorded->missing++;
		return recorded->due_ns;
	}
	stamp = with_year(recorded, stamp);
	if (!recorded->started || __builtin_sub_overflow(stamp, recorded->latest, &gap))
		gap = 0;
	recorded->started = true;
	if (gap < 0)
		recorded->backwards++;
	else
		recorded->due_ns += wait_for(recorded, gap);
	if (gap >= 0 || gap < -SET_BACK_NS)
		recorded->latest = stamp;
	return recorded->due_ns;
}

bool recorded_reaches(struct recorded *recorded, const char *line, size_t len, int64_t *moment)
{
	bool first = !recorded->started;

	recorded_advance(recorded, line, len);
	if (first && recorded->started) {
		struct recorded after = *recorded;

		*moment = with_year(&after, *moment);
	}
	return recorded->started && recorded->latest >= *moment;
}
