#include "writer/pace.h"

#include "base/clock.h"
#include "writer/cut.h"
#include "writer/record_cut.h"

#include <string.h>

#define STALL_NS NS_PER_S /* later than this is more than a busy machine */

void pace_start(struct pace *pace, const struct replay_conf *conf, uint64_t now_ns)
{
	*pace = (struct pace){ .conf = conf, .recorded = pace->recorded };
	pace_set_speed(pace, conf->speed_thousandths, now_ns);
}

void pace_set_speed(struct pace *pace, uint64_t speed_thousandths, uint64_t now_ns)
{
	const struct replay_conf *conf = pace->conf;
	uint64_t rate = conf->rate_lines ? conf->rate_lines : conf->rate_bytes;

	pace->speed_thousandths = pace->recorded.speed_thousandths = speed_thousandths;
	if (rate > 0)
		schedule_start_rate(&pace->schedule, rate, now_ns);
	else
		schedule_start(&pace->schedule, conf->interval_ns, now_ns);
	schedule_scale(&pace->schedule, speed_thousandths);
	pace_restart(pace, now_ns);
}

double pace_rate(const struct pace *pace)
{
	const struct schedule *schedule = &pace->schedule;

	if (pace->conf->by_stamps || schedule->interval_ns == 0)
		return 0;
	return (double)NS_PER_S * (double)schedule->per / (double)schedule->interval_ns;
}

void pace_restart(struct pace *pace, uint64_t first_ns)
{
	schedule_restart(&pace->schedule, first_ns);
	recorded_start(&pace->recorded, first_ns);
	pace->front_due_ns = 0;
}

void pace_forgive(struct pace *pace, uint64_t now_ns)
{
	schedule_forgive(&pace->schedule, now_ns);
	if (pace->recorded.due_ns < now_ns)
		recorded_start(&pace->recorded, now_ns);
}

void pace_begin_source(struct pace *pace)
{
	recorded_start(&pace->recorded, pace->recorded.due_ns);
	pace->front_due_ns = 0;
}

static uint64_t lateness(const struct pace *pace, uint64_t now_ns)
{
	uint64_t next = pace->conf->by_stamps ? pace->front_due_ns : schedule_next(&pace->schedule);

	return (pace->conf->by_stamps || pace->schedule.interval_ns > 0) && now_ns > next
		       ? now_ns - next
		       : 0;
}

static void catch_up(struct pace *pace, uint64_t now_ns)
{
	uint64_t late = lateness(pace, now_ns);
	bool skip = pace->conf->catch_up == CATCH_UP_SKIP;
	uint64_t kept = skip ? 0 : pace->conf->burst_ns;

	if (late < kept || (skip && late < STALL_NS))
		return;
	pace->skipped_ns += late - kept;
	schedule_restart(&pace->schedule, now_ns - kept);
	pace->recorded.due_ns = pace->front_due_ns = now_ns - kept;
}

/* In one batch, which is not divided when a target is rotated by its size. */
static uint64_t most_bytes(const struct pace *pace)
{
	uint64_t size = pace->conf->rotate.size;

	return size > 0 && size < BATCH_BYTES ? size : BATCH_BYTES;
}

bool pace_due(struct pace *pace, uint64_t now_ns, struct allowance *allowance)
{
	uint64_t due;

	catch_up(pace, now_ns);
	due = schedule_due(&pace->schedule, now_ns);
	pace->due_ns = pace->schedule.interval_ns > 0 ? schedule_next(&pace->schedule) : 0;
	*allowance = (struct allowance){
		.lines = pace->conf->rate_bytes ? UINT64_MAX : due,
		.bytes = most_bytes(pace),
	};
	if (pace->conf->rate_bytes && due < allowance->bytes)
		allowance->bytes = due;
	return due > 0;
}

static size_t first_unit(const struct window *window, const char *data, size_t len)
{
	uint64_t lines;

	return window->record_start ? record_cut_first(window->record_start, data, len)
				    : cut_lines(data, len, 1, len, &lines);
}

static size_t length_of_line(const char *data, size_t len)
{
	const char *newline = memchr(data, '\n', len);

	return newline ? (size_t)(newline - data) : len;
}

/* As many as window_take() will take, or the stamps of some would be read twice. */
bool pace_due_by_stamps(struct pace *pace, uint64_t now_ns, const struct window *window,
	const struct batch *batch, struct allowance *allowance)
{
	const char *data = batch->data + window->begin;
	size_t len = window_length(window), taken = 0, unit;

	*allowance = (struct allowance){ .bytes = most_bytes(pace) };
	for (; (unit = first_unit(window, data + taken, len - taken)) > 0; taken += unit) {
		if (allowance->lines > 0 && taken + unit > allowance->bytes)
			break;
		if (pace->front_due_ns == 0)
			pace->front_due_ns = recorded_advance(
				&pace->recorded, data + taken, length_of_line(data + taken, unit));
		catch_up(pace, now_ns);
		if (pace->front_due_ns > now_ns)
			break;
		if (allowance->lines++ == 0)
			pace->due_ns = pace->front_due_ns;
		pace->front_due_ns = 0;
	}
	return allowance->lines > 0;
}

uint64_t pace_wake(const struct pace *pace, uint64_t now_ns)
{
	if (pace->conf->by_stamps)
		return pace->front_due_ns;
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

	if (pace->conf->by_stamps)
		return pace->front_due_ns > 0 && pace->front_due_ns <= now_ns;
	if (pace->schedule.interval_ns == 0)
		return 0;
	if (!pace->conf->rate_bytes)
		return due;
	return bytes_written
		       ? (uint64_t)((double)due * (double)lines_written / (double)bytes_written)
		       : 0;
}
