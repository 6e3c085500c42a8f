#include "writer/replay_parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/status.h"
#include "writer/figures.h"
#include "writer/timer.h"

#include <errno.h>
#include <sys/epoll.h>

#define BATCHES_PER_TURN 16 /* then signals are looked at */

const struct batch_header *replay_batch(const struct replay *replay)
{
	return replay->append.batch.header;
}

void replay_end(struct replay *replay, int status)
{
	replay->status = status;
	sd_event_exit(replay->loop, 0);
}

/* What the pace counts, in a line. */
static double mean_unit(const struct replay *replay)
{
	uint64_t lines = replay_batch(replay)->done.lines - replay->first_line;

	return replay->conf->rate_bytes && lines > 0 ? (double)replay->bytes / (double)lines : 1;
}

struct progress_figures replay_figures(const struct replay *replay)
{
	return (struct progress_figures){
		.lines = replay_batch(replay)->done.lines - replay->first_line,
		.offset = replay_batch(replay)->done.offset,
		.size = source_size(&replay->source),
		.asked = pace_rate(&replay->pace) / mean_unit(replay),
		.late_ns = replay->late_ns,
		.speed = (double)replay->pace.speed_thousandths / 1000,
		.paused = replay->paused,
	};
}

/* For whoever looks at the .stats file. */
static void show(const struct replay *replay)
{
	struct stats_page *page = replay->worker->stats;
	struct progress_figures now = replay_figures(replay);
	uint64_t behind =
		pace_behind(&replay->pace, clock_monotonic_ns(), now.lines, replay->bytes);

	stats_set(page, REPLAY_LINES, now.lines);
	stats_set(page, REPLAY_WRITTEN, replay->bytes);
	stats_set(page, REPLAY_BEHIND, behind);
	stats_set(page, REPLAY_SKIPPED, replay->pace.skipped_ns / NS_PER_US);
	stats_set(page, REPLAY_NO_STAMP, replay->pace.recorded.missing);
	stats_set(page, REPLAY_BACKWARDS, replay->pace.recorded.backwards);
	stats_set(page, REPLAY_CAPPED, replay->pace.recorded.capped);
	stats_set(page, REPLAY_OFFSET, now.offset);
	stats_set(page, REPLAY_SIZE, now.size);
	stats_beat(page);
}

static void count_batch(struct replay *replay, uint64_t bytes)
{
	replay->bytes += bytes;
	replay->late_ns = replay->pace.due_ns ? clock_monotonic_ns() - replay->pace.due_ns : 0;
	figures_show_lateness(replay->worker->stats, replay->late_ns);
}

void replay_save(struct replay *replay)
{
	replay_state_save(&replay->kept, &replay->source, &replay->append.target,
		&replay_batch(replay)->done);
}

/* The target */

static int on_writable(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct replay *replay = context;

	(void)fd, (void)events;
	replay->writable = sd_event_source_disable_unref(source);
	return replay_turn(NULL, 0, replay);
}

uint64_t replay_target_failed(struct replay *replay, int error)
{
	struct target *target = &replay->append.target;

	if (error == -EAGAIN && target->fd >= 0 &&
		sd_event_add_io(replay->loop, &replay->writable, target->fd, EPOLLOUT, on_writable,
			replay) >= 0)
		return TIMER_NEVER;
	if (replay->worker->adhoc && !target_may_recover(error) && !target->connects) {
		if (!replay->setup->client)
			log_error("%s: %s", target_name(target), reason(error));
		replay_end(replay, replay->setup->client ? STATUS_OK : STATUS_FAILURE);
		return TIMER_NEVER;
	}
	target_report(target, error);
	return clock_monotonic_ns() + REPLAY_RETRY_NS;
}

static bool write_out(struct replay *replay, uint64_t *wake)
{
	uint64_t bytes = replay_batch(replay)->length;
	struct progress_figures shown;
	int r = append_batch(&replay->append);

	if (r < 0) {
		*wake = replay_target_failed(replay, r);
		return false;
	}
	target_report(&replay->append.target, 0);
	count_batch(replay, bytes);
	if (replay->append.rotated)
		stats_add(replay->worker->stats, REPLAY_ROTATIONS, 1);
	if (replay->append.rotated || replay_state_is_old(&replay->kept))
		replay_save(replay);
	replay->append.rotated = false;
	shown = replay_figures(replay);
	progress_show(&replay->progress, &shown);
	return true;
}

/* The pace */

static uint64_t lines_before_stop(const struct replay *replay)
{
	uint64_t stop = replay->conf->stop_lines, lines = replay_batch(replay)->done.lines;

	return stop == 0 ? UINT64_MAX : lines < stop ? stop - lines : 0;
}

static bool stop_is_due(const struct replay *replay, uint64_t now)
{
	return now >= replay->stop_ns || lines_before_stop(replay) == 0;
}

static bool take_allowed(struct replay *replay, struct allowance *allowance)
{
	if (replay->window.record_start && replay->conf->stop_lines)
		allowance->lines = 1; /* how many lines it has is not known before */
	if (allowance->lines > lines_before_stop(replay))
		allowance->lines = lines_before_stop(replay);
	replay_take(replay, allowance, false);
	return true;
}

/* Their stamps can be read only when the lines are there. */
static bool take_lines_by_stamps(struct replay *replay, uint64_t now, uint64_t *wake)
{
	struct allowance allowance;
	bool filled, going_on = replay_fill(replay, &filled, wake);

	if (!filled)
		return going_on;
	if (pace_due_by_stamps(
		    &replay->pace, now, &replay->window, &replay->append.batch, &allowance))
		return take_allowed(replay, &allowance);
	*wake = pace_wake(&replay->pace, now);
	return false;
}

static bool take_due_lines(struct replay *replay, uint64_t *wake)
{
	uint64_t now = clock_monotonic_ns();
	struct allowance allowance;
	bool filled, going_on;

	if (stop_is_due(replay, now)) {
		replay_end(replay, STATUS_OK);
		return false;
	}
	if (replay->paused) {
		*wake = TIMER_NEVER;
		return false;
	}
	if (replay->conf->by_stamps)
		return take_lines_by_stamps(replay, now, wake);
	if (!pace_due(&replay->pace, now, &allowance) && !replay_is_finished(replay)) {
		*wake = pace_wake(&replay->pace, now);
		return false;
	}
	going_on = replay_fill(replay, &filled, wake);
	return filled ? take_allowed(replay, &allowance) : going_on;
}

int replay_turn(sd_event_source *timer, uint64_t usec, void *of)
{
	struct replay *replay = of;
	uint64_t wake = 0;
	bool going_on = true;

	(void)timer, (void)usec;
	for (int i = 0; going_on && i < BATCHES_PER_TURN; i++)
		going_on = replay_batch(replay)->length > 0 ? write_out(replay, &wake)
							    : take_due_lines(replay, &wake);
	show(replay);
	if (wake > replay->stop_ns && replay_batch(replay)->length == 0)
		wake = replay->stop_ns;
	return timer_arm(replay->timer, going_on ? 0 : wake);
}
