#include "writer/pace.h"

#include "base/clock.h"

#define STALL_NS NS_PER_S /* later than this is more than a busy machine */

void pace_start(struct pace *pace, const struct replay_conf *conf, uint64_t now_ns)
{
	uint64_t rate = conf->rate_lines ? conf->rate_lines : conf->rate_bytes;

	*pace = (struct pace){ .conf = conf };
	if (rate > 0)
		schedule_start_rate(&pace->schedule, rate, now_ns);
	else
		schedule_start(&pace->schedule, conf->interval_ns, now_ns);
}

void pace_restart(struct pace *pace, uint64_t first_ns)
{
	schedule_restart(&pace->schedule, first_ns);
}

uint64_t pace_lateness(const struct pace *pace, uint64_t now_ns)
{
	uint64_t next = schedule_next(&pace->schedule);

	return pace->schedule.interval_ns > 0 && now_ns > next ? now_ns - next : 0;
}

static void catch_up(struct pace *pace, uint64_t now_ns)
{
	uint64_t late = pace_lateness(pace, now_ns);
	bool skip = pace->conf->catch_up == CATCH_UP_SKIP;
	uint64_t kept = skip ? 0 : pace->conf->burst_ns;

	if (late < kept || (skip && late < STALL_NS))
		return;
	pace->skipped_ns += late - kept;
	schedule_restart(&pace->schedule, now_ns - kept);
}

bool pace_due(struct pace *pace, uint64_t now_ns, struct allowance *allowance)
{
	uint64_t due;

	catch_up(pace, now_ns);
	due = schedule_due(&pace->schedule, now_ns);
	*allowance = (struct allowance){
		.lines = pace->conf->rate_bytes ? UINT64_MAX : due,
		.bytes = pace->conf->rate_bytes ? due : UINT64_MAX,
	};
	return due > 0;
}

uint64_t pace_wake(const struct pace *pace, uint64_t now_ns)
{
	return schedule_wake(&pace->schedule, now_ns);
}

void pace_done(struct pace *pace, uint64_t lines, uint64_t bytes)
{
	schedule_done(&pace->schedule, pace->conf->rate_bytes ? bytes : lines);
}

uint64_t pace_behind(
	const struct pace *pace, uint64_t now_ns, uint64_t lines_written, uint64_t bytes_written)
{
	uint64_t due = schedule_due(&pace->schedule, now_ns);

	if (pace->schedule.interval_ns == 0)
		return 0;
	if (!pace->conf->rate_bytes)
		return due;
	return bytes_written
		       ? (uint64_t)((double)due * (double)lines_written / (double)bytes_written)
		       : 0;
}
