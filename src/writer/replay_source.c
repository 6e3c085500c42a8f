#include "writer/replay_parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/status.h"
#include "writer/figures.h"
#include "writer/timer.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

static uint64_t look_again(const struct replay *replay)
{
	uint64_t pause =
		replay->conf->interval_ns > NS_PER_S ? replay->conf->interval_ns : NS_PER_S;

	return clock_monotonic_ns() + pause;
}

/* From the beginning of what is at the path now. */
static void start_over(struct replay *replay)
{
	struct position *done = &replay->append.batch.header->done;
	struct source opened;

	if (source_open(&opened, replay->conf->source, false) == 0) {
		source_close(&replay->source);
		replay->source = opened;
	} else {
		source_seek(&replay->source, 0);
	}
	done->offset = done->newline_added = 0;
	if (replay_starts_late(replay) && replay_go_to_start(replay) < 0)
		replay_end(replay, STATUS_FAILURE);
	window_start(&replay->window, done);
	pace_begin_source(&replay->pace);
	replay->rest_seen = 0;
}

/* Over the stamps of the batch. A line without one stays as it is. */
static void restamp(struct replay *replay)
{
	char *line = replay->append.batch.data + replay_batch(replay)->start;
	char *end = line + replay_batch(replay)->length, *next;
	uint64_t now = clock_realtime_ns();
	struct range where;
	int64_t stamp;

	for (; line < end; line = next) {
		char *newline = memchr(line, '\n', (size_t)(end - line));

		next = newline ? newline + 1 : end;
		if (stamp_find(&replay->pace.recorded.format, line, (size_t)(next - line), &stamp,
			    &where))
			stamp_rewrite(&replay->pace.recorded.format, line, &where, now);
	}
}

void replay_take(struct replay *replay, const struct allowance *allowance, bool complete)
{
	uint64_t units = window_take(&replay->window, &replay->append.batch, allowance->lines,
		allowance->bytes, complete);

	pace_done(&replay->pace, units, replay_batch(replay)->length);
	if (replay->conf->restamp)
		restamp(replay);
}

static void take_last_line(struct replay *replay)
{
	const struct allowance one = { .lines = 1 };

	replay_take(replay, &one, true);
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct replay *replay = context;

	(void)fd, (void)events;
	replay->readable = sd_event_source_disable_unref(source);
	pace_forgive(&replay->pace, clock_monotonic_ns());
	return replay_turn(NULL, 0, replay);
}

/* When it has nothing to give, the schedule goes on from when it has again. A file as standard
 * input is always ready. The last record is taken for whole when nothing more has come for one
 * look. Returns whether there is something to write. */
static bool wait_for_stream(struct replay *replay, uint64_t *wake)
{
	bool last_record = replay->window.record_start &&
			   window_ends_whole(&replay->window, &replay->append.batch);
	size_t rest = last_record ? window_length(&replay->window) : 0;

	if (last_record && rest == replay->rest_seen) {
		take_last_line(replay);
		return true;
	}
	replay->rest_seen = rest;
	*wake = last_record ? look_again(replay) : TIMER_NEVER;
	if (!replay->readable && sd_event_add_io(replay->loop, &replay->readable,
					 replay->source.stream, EPOLLIN, on_readable, replay) < 0)
		*wake = clock_monotonic_ns() + REPLAY_RETRY_NS;
	return false;
}

static bool source_failed(struct replay *replay, int error, uint64_t *wake)
{
	const char *source = replay->conf->source;

	if (error == -EAGAIN)
		return wait_for_stream(replay, wake);

	if (error == -ENOSPC) { /* of the state directory: the line needs a bigger buffer */
		*wake = replay_target_failed(replay, error);
		return false;
	}
	if (error != -ESTALE || replay->conf->at_end == AT_END_EXIT) {
		log_error("%s: %s", source,
			error == -ESTALE    ? "was truncated or overwritten while being replayed"
			: error == -EBADMSG ? "is damaged, or no such compressed file"
					    : reason(error));
		replay_end(replay, STATUS_FAILURE);
		return false;
	}
	log_error("%s: was truncated or overwritten while being replayed, starting again at its "
		  "beginning",
		source);
	start_over(replay);
	replay_save(replay);
	return true;
}

/* A daemon stays. An unterminated last line is taken for whole when it has not grown for one look
 * at the source. */
static bool wait_for_more(struct replay *replay, uint64_t *wake)
{
	size_t rest = window_length(&replay->window);
	bool more, replaced;

	if (rest > 0 && rest == replay->rest_seen) {
		take_last_line(replay);
		return true;
	}
	replaced = rest == 0 && source_was_replaced(&replay->source, &more);
	if (rest == 0 && more)
		return true;
	if (replaced) {
		log_info("%s: was replaced, going on with the new one", replay->conf->source);
		start_over(replay);
		replay_save(replay);
		return true;
	}
	replay_save(replay);
	replay->rest_seen = rest;
	*wake = look_again(replay);
	pace_restart(&replay->pace, *wake);
	return false;
}

static bool is_last_round(const struct replay *replay)
{
	return replay->conf->loops > 0 &&
	       replay_batch(replay)->done.rounds + 1 >= replay->conf->loops;
}

static bool next_round(struct replay *replay, uint64_t *wake)
{
	replay->append.batch.header->done.rounds++;
	stats_add(replay->worker->stats, REPLAY_LOOPS, 1);
	start_over(replay);
	if (replay->conf->loop_delay_ns == 0)
		return true;
	*wake = clock_monotonic_ns() + replay->conf->loop_delay_ns;
	pace_restart(&replay->pace, *wake);
	return false;
}

/* Returns whether to go on at once, as all that may find nothing to do now. */
static bool at_end(struct replay *replay, uint64_t *wake)
{
	bool last_round = is_last_round(replay);

	if (last_round && replay->conf->at_end == AT_END_WAIT)
		return wait_for_more(replay, wake);
	if (window_length(&replay->window) > 0) {
		take_last_line(replay);
		return true;
	}
	if (last_round) {
		replay_end(replay, STATUS_OK);
		return false;
	}
	if (replay_batch(replay)->done.offset == replay->round_start) { /* nothing to loop over */
		*wake = look_again(replay);
		pace_restart(&replay->pace, *wake);
		return false;
	}
	return next_round(replay, wake);
}

bool replay_is_finished(struct replay *replay)
{
	return replay->conf->at_end == AT_END_EXIT && is_last_round(replay) &&
	       window_length(&replay->window) == 0 &&
	       window_fill(&replay->window, &replay->append.batch, &replay->source) ==
		       WINDOW_AT_END &&
	       window_length(&replay->window) == 0;
}

bool replay_fill(struct replay *replay, bool *filled, uint64_t *wake)
{
	int content = window_fill(&replay->window, &replay->append.batch, &replay->source);

	*filled = content >= 0 && content != WINDOW_AT_END;
	if (content < 0)
		return source_failed(replay, content, wake);
	return *filled || at_end(replay, wake);
}
