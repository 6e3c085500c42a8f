/*
 * When things are due: the n-th at anchor + n × interval / per, whatever each of them costs, so
 * that nothing drifts. Times are nanoseconds of CLOCK_MONOTONIC. Pure arithmetic.
 */
#ifndef WRITER_SCHEDULE_H
#define WRITER_SCHEDULE_H

#include <stdint.h>

/* Faster paces than this are kept by several lines in one wake-up. */
#define SCHEDULE_SHORTEST_SLEEP_NS (250 * NS_PER_US)

struct schedule {
	uint64_t anchor_ns;
	uint64_t interval_ns; /* for `per` of them; 0: always due */
	uint64_t per;
	uint64_t count; /* done since the anchor */
};

/* The next one is due at `first_ns`. */
void schedule_start(struct schedule *schedule, uint64_t interval_ns, uint64_t first_ns);

/* Likewise, so many a second. */
void schedule_start_rate(struct schedule *schedule, uint64_t per_second, uint64_t first_ns);

/* Makes the pace so many thousandths as fast, from the anchor on. */
void schedule_scale(struct schedule *schedule, uint64_t thousandths);

/* At the same pace, the next one is due at `first_ns`. */
void schedule_restart(struct schedule *schedule, uint64_t first_ns);

/* When the next one is due; UINT64_MAX if that is beyond all time. */
uint64_t schedule_next(const struct schedule *schedule);

/* How many are due and not done; UINT64_MAX when interval is 0. */
uint64_t schedule_due(const struct schedule *schedule, uint64_t now_ns);

/* When to wake up, nothing being due now. */
uint64_t schedule_wake(const struct schedule *schedule, uint64_t now_ns);

void schedule_done(struct schedule *schedule, uint64_t count);

/* After a pause that was nobody's fault: the next one is due now, if it was due earlier. */
void schedule_forgive(struct schedule *schedule, uint64_t now_ns);

#endif
