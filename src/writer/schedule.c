#include "writer/schedule.h"

#include "base/clock.h"

typedef unsigned __int128 wide;

void schedule_start(struct schedule *schedule, uint64_t interval_ns, uint64_t first_ns)
{
	*schedule =
		(struct schedule){ .anchor_ns = first_ns, .interval_ns = interval_ns, .per = 1 };
}

void schedule_start_rate(struct schedule *schedule, uint64_t per_second, uint64_t first_ns)
{
	*schedule = (struct schedule){
		.anchor_ns = first_ns, .interval_ns = NS_PER_S, .per = per_second
	};
}

void schedule_scale(struct schedule *schedule, uint64_t thousandths)
{
	if (thousandths == 1000)
		return;
	if (__builtin_mul_overflow(schedule->interval_ns, UINT64_C(1000), &schedule->interval_ns))
		schedule->interval_ns = UINT64_MAX;
	schedule->per *= thousandths;
}

void schedule_restart(struct schedule *schedule, uint64_t first_ns)
{
	schedule->anchor_ns = first_ns;
	schedule->count = 0;
}

/* Rounded up, so that the n-th is due at its own time. */
uint64_t schedule_next(const struct schedule *schedule)
{
	wide since =
		((wide)schedule->count * schedule->interval_ns + schedule->per - 1) / schedule->per;
	wide next = schedule->anchor_ns + since;

	return next > UINT64_MAX ? UINT64_MAX : (uint64_t)next;
}

uint64_t schedule_due(const struct schedule *schedule, uint64_t now_ns)
{
	wide since;

	if (schedule->interval_ns == 0)
		return UINT64_MAX;
	if (now_ns < schedule_next(schedule))
		return 0;
	since = (wide)(now_ns - schedule->anchor_ns) * schedule->per;
	return (uint64_t)(since / schedule->interval_ns) + 1 - schedule->count;
}

uint64_t schedule_wake(const struct schedule *schedule, uint64_t now_ns)
{
	uint64_t next = schedule_next(schedule);
	uint64_t soonest = now_ns + SCHEDULE_SHORTEST_SLEEP_NS;

	if (schedule->interval_ns / schedule->per >= SCHEDULE_SHORTEST_SLEEP_NS || next > soonest)
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
		schedule_restart(schedule, now_ns);
}
