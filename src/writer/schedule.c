#include "writer/schedule.h"

#include "base/clock.h"

void schedule_start(struct schedule *schedule, uint64_t interval_ns, uint64_t first_ns)
{
	*schedule = (struct schedule){ .anchor_ns = first_ns, .interval_ns = interval_ns };
}

uint64_t schedule_next(const struct schedule *schedule)
{
	uint64_t since, next;

	if (__builtin_mul_overflow(schedule->count, schedule->interval_ns, &since) ||
		__builtin_add_overflow(schedule->anchor_ns, since, &next))
		return UINT64_MAX;
	return next;
}

uint64_t schedule_due(const struct schedule *schedule, uint64_t now_ns)
{
	if (schedule->interval_ns == 0)
		return UINT64_MAX;
	if (now_ns < schedule_next(schedule))
		return 0;
	return (now_ns - schedule->anchor_ns) / schedule->interval_ns + 1 - schedule->count;
}

uint64_t schedule_wake(const struct schedule *schedule, uint64_t now_ns)
{
	uint64_t next = schedule_next(schedule);
	uint64_t soonest = now_ns + SCHEDULE_SHORTEST_SLEEP_NS;

	if (schedule->interval_ns >= SCHEDULE_SHORTEST_SLEEP_NS || next > soonest)
		return next;
	return soonest;
}

void schedule_done(struct schedule *schedule, uint64_t count)
{
	schedule->count += count;
}

void schedule_forgive(struct schedule *schedule, uint64_t now_ns)
{
	if (schedule_next(schedule) < now_ns)
		schedule_start(schedule, schedule->interval_ns, now_ns);
}
