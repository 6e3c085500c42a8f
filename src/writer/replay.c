#include "writer/replay.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/status.h"
#include "writer/append.h"
#include "writer/figures.h"
#include "writer/keys.h"
#include "writer/pace.h"
#include "writer/progress.h"
#include "writer/replay_state.h"
#include "writer/section_state.h"
#include "writer/source.h"
#include "writer/timer.h"
#include "writer/window.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define BATCHES_PER_TURN 16 /* then signals are looked at */
#define RETRY_NS NS_PER_S
#define SPEED_LEAST 1 /* thousandths */
#define SPEED_MOST UINT64_C(1000000000)
#define STAMPS_EXPECTED_WITHIN ((size_t)64 << 10) /* bytes */

struct replay {
	const struct replay_setup *setup;
	const struct replay_conf *conf;
	struct worker *worker;
	struct section_state state;
	struct replay_state kept;
	struct source source;
	struct append append;
	struct expression *record_start, *stamp_pattern;
	struct window window;
	struct pace pace;
	struct progress progress;
	uint64_t first_line; /* of this run */
	struct keys keys;
	bool paused;
	uint64_t late_ns;     /* the last batch */
	uint64_t bytes;       /* written in this run */
	uint64_t due_ns;      /* when the first line of the batch was */
	uint64_t round_start; /* offset of the line that start_at says */
	uint64_t stop_ns;     /* by stop_after; UINT64_MAX: never */
	uint64_t rest_seen;   /* bytes of an unterminated last line at the last look */
	sd_event *loop;
	sd_event_source *timer, *writable, *readable, *hangup;
	int status;
};

static const struct batch_header *batch_of(const struct replay *replay)
{
	return replay->append.batch.header;
}

static void end(struct replay *replay, int status)
{
	replay->status = status;
	sd_event_exit(replay->loop, 0);
}

/* What the pace counts, in a line. */
static double mean_unit(const struct replay *replay)
{
	uint64_t lines = batch_of(replay)->done.lines - replay->first_line;

	return replay->conf->rate_bytes && lines > 0 ? (double)replay->bytes / (double)lines : 1;
}

static struct progress_figures figures(const struct replay *replay)
{
	return (struct progress_figures){
		.lines = batch_of(replay)->done.lines - replay->first_line,
		.offset = batch_of(replay)->done.offset,
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
	struct progress_figures now = figures(replay);
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

static void save(struct replay *replay)
{
	replay_state_save(
		&replay->kept, &replay->source, &replay->append.target, &batch_of(replay)->done);
}

static int on_turn(sd_event_source *timer, uint64_t usec, void *context);

/* The target */

static int on_writable(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct replay *replay = context;

	(void)fd, (void)events;
	replay->writable = sd_event_source_disable_unref(source);
	return on_turn(NULL, 0, replay);
}

/* When to try again; TIMER_NEVER: never, or when something else than the time says so. */
static uint64_t target_failed(struct replay *replay, int error)
{
	struct target *target = &replay->append.target;

	if (error == -EAGAIN && target->fd >= 0 &&
		sd_event_add_io(replay->loop, &replay->writable, target->fd, EPOLLOUT, on_writable,
			replay) >= 0)
		return TIMER_NEVER;
	if (replay->worker->adhoc && !target_may_recover(error) && !target->connects) {
		if (!replay->setup->client)
			log_error("%s: %s", target_name(target), reason(error));
		end(replay, replay->setup->client ? STATUS_OK : STATUS_FAILURE);
		return TIMER_NEVER;
	}
	target_report(target, error);
	return clock_monotonic_ns() + RETRY_NS;
}

/* Who reads our standard output is gone: no need to wait until the next line is due. */
static int on_hangup(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct replay *replay = context;

	(void)fd, (void)events;
	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	target_failed(replay, -EPIPE);
	return 0;
}

static bool write_out(struct replay *replay, uint64_t *wake)
{
	uint64_t bytes = batch_of(replay)->length;
	struct progress_figures shown;
	int r = append_batch(&replay->append);

	if (r < 0) {
		*wake = target_failed(replay, r);
		return false;
	}
	target_report(&replay->append.target, 0);
	count_batch(replay, bytes);
	if (replay->append.rotated)
		stats_add(replay->worker->stats, REPLAY_ROTATIONS, 1);
	if (replay->append.rotated || replay_state_is_old(&replay->kept))
		save(replay);
	replay->append.rotated = false;
	shown = figures(replay);
	progress_show(&replay->progress, &shown);
	return true;
}

/* The source */

static uint64_t look_again(const struct replay *replay)
{
	uint64_t pause =
		replay->conf->interval_ns > NS_PER_S ? replay->conf->interval_ns : NS_PER_S;

	return clock_monotonic_ns() + pause;
}

/* To the line that start_at says. */
static int go_to_start(struct replay *replay)
{
	struct position *done = &replay->append.batch.header->done;
	uint64_t skip = replay->conf->start_at - 1;
	int r = skip > 0 ? source_skip_lines(&replay->source, skip, &done->offset) : 0;

	if (r == 0)
		r = source_seek(&replay->source, done->offset);
	replay->round_start = done->offset;
	if (r < 0)
		log_error("%s: start_at = %" PRIu64 ": %s", replay->conf->source,
			replay->conf->start_at,
			r == -ENODATA ? "there are not so many lines" : reason(r));
	return r;
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
	if (replay->conf->start_at > 1 && go_to_start(replay) < 0)
		end(replay, STATUS_FAILURE);
	window_start(&replay->window, done);
	pace_begin_source(&replay->pace);
	replay->rest_seen = 0;
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct replay *replay = context;

	(void)fd, (void)events;
	replay->readable = sd_event_source_disable_unref(source);
	pace_forgive(&replay->pace, clock_monotonic_ns());
	return on_turn(NULL, 0, replay);
}

static void take_last_line(struct replay *replay);
static uint64_t look_again(const struct replay *replay);

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
		*wake = clock_monotonic_ns() + RETRY_NS;
	return false;
}

static bool source_failed(struct replay *replay, int error, uint64_t *wake)
{
	const char *source = replay->conf->source;

	if (error == -EAGAIN)
		return wait_for_stream(replay, wake);

	if (error == -ENOSPC) { /* of the state directory: the line needs a bigger buffer */
		*wake = target_failed(replay, error);
		return false;
	}
	if (error != -ESTALE || replay->conf->at_end == AT_END_EXIT) {
		log_error("%s: %s", source,
			error == -ESTALE    ? "was truncated or overwritten while being replayed"
			: error == -EBADMSG ? "is damaged, or no such compressed file"
					    : reason(error));
		end(replay, STATUS_FAILURE);
		return false;
	}
	log_error("%s: was truncated or overwritten while being replayed, starting again at its "
		  "beginning",
		source);
	start_over(replay);
	save(replay);
	return true;
}

/* At most so much, or all that there is with a newline to complete it. */
static void take_batch(struct replay *replay, const struct allowance *allowance, bool complete)
{
	uint64_t units = window_take(&replay->window, &replay->append.batch, allowance->lines,
		allowance->bytes, complete);

	pace_done(&replay->pace, units, batch_of(replay)->length);
}

static void take_last_line(struct replay *replay)
{
	const struct allowance one = { .lines = 1 };

	take_batch(replay, &one, true);
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
		save(replay);
		return true;
	}
	save(replay);
	replay->rest_seen = rest;
	*wake = look_again(replay);
	pace_restart(&replay->pace, *wake);
	return false;
}

static bool is_last_round(const struct replay *replay)
{
	return replay->conf->loops > 0 && batch_of(replay)->done.rounds + 1 >= replay->conf->loops;
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
		end(replay, STATUS_OK);
		return false;
	}
	if (batch_of(replay)->done.offset == replay->round_start) { /* nothing to loop over */
		*wake = look_again(replay);
		pace_restart(&replay->pace, *wake);
		return false;
	}
	return next_round(replay, wake);
}

/* The pace */

/* Who ends at the end of the source need not wait until another line would be due. */
static bool is_finished(struct replay *replay)
{
	return replay->conf->at_end == AT_END_EXIT && is_last_round(replay) &&
	       window_length(&replay->window) == 0 &&
	       window_fill(&replay->window, &replay->append.batch, &replay->source) ==
		       WINDOW_AT_END &&
	       window_length(&replay->window) == 0;
}

static uint64_t lines_before_stop(const struct replay *replay)
{
	uint64_t stop = replay->conf->stop_lines, lines = batch_of(replay)->done.lines;

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
	take_batch(replay, allowance, false);
	return true;
}

static bool fill_window(struct replay *replay, bool *filled, uint64_t *wake)
{
	int content = window_fill(&replay->window, &replay->append.batch, &replay->source);

	*filled = content >= 0 && content != WINDOW_AT_END;
	if (content < 0)
		return source_failed(replay, content, wake);
	return *filled || at_end(replay, wake);
}

/* Their stamps can be read only when the lines are there. */
static bool take_lines_by_stamps(struct replay *replay, uint64_t now, uint64_t *wake)
{
	struct allowance allowance;
	bool filled, going_on = fill_window(replay, &filled, wake);

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
		end(replay, STATUS_OK);
		return false;
	}
	if (replay->paused) {
		*wake = TIMER_NEVER;
		return false;
	}
	if (replay->conf->by_stamps)
		return take_lines_by_stamps(replay, now, wake);
	if (!pace_due(&replay->pace, now, &allowance) && !is_finished(replay)) {
		*wake = pace_wake(&replay->pace, now);
		return false;
	}
	going_on = fill_window(replay, &filled, wake);
	return filled ? take_allowed(replay, &allowance) : going_on;
}

/* A turn: what is due is written, a bounded amount, and the timer set for the next. */
static int on_turn(sd_event_source *timer, uint64_t usec, void *context)
{
	struct replay *replay = context;
	uint64_t wake = 0;
	bool going_on = true;

	(void)timer, (void)usec;
	for (int i = 0; going_on && i < BATCHES_PER_TURN; i++)
		going_on = batch_of(replay)->length > 0 ? write_out(replay, &wake)
							: take_due_lines(replay, &wake);
	show(replay);
	if (wake > replay->stop_ns && batch_of(replay)->length == 0)
		wake = replay->stop_ns;
	return timer_arm(replay->timer, going_on ? 0 : wake);
}

/* Keys */

static void change_speed(struct replay *replay, uint64_t thousandths)
{
	if (thousandths >= SPEED_LEAST && thousandths <= SPEED_MOST)
		pace_set_speed(&replay->pace, thousandths, clock_monotonic_ns());
}

static void on_key(void *context, char key)
{
	struct replay *replay = context;
	uint64_t speed = replay->pace.speed_thousandths;
	struct progress_figures shown;

	if (key == ' ') {
		replay->paused = !replay->paused;
		pace_restart(&replay->pace, clock_monotonic_ns());
	} else if (key == '+') {
		change_speed(replay, speed * 2);
	} else if (key == '-') {
		change_speed(replay, speed / 2);
	} else if (key == '=') {
		change_speed(replay, replay->conf->speed_thousandths);
	} else if (key == 'q') {
		end(replay, STATUS_OK);
	}
	shown = figures(replay);
	progress_redraw(&replay->progress, &shown);
	timer_arm(replay->timer, 0);
}

/* Signals */

static void on_stop(void *context)
{
	struct replay *replay = context;

	sd_event_exit(replay->loop, 0);
}

static void on_reload(void *context)
{
	struct replay *replay = context;
	int r = target_reopen(&replay->append.target);

	if (r < 0)
		log_error("%s: cannot be opened again: %s", replay->conf->target, reason(r));
}

/* The life of a replay */

/* They have been compiled before, when the configuration was checked. */
static int compile_patterns(struct replay *replay)
{
	const char *text = replay->conf->record_start;
	char message[256];
	int r = text ? expression_compile(text, &replay->record_start, message, sizeof(message))
		     : 0;

	if (r < 0)
		log_error("record_start: %s", r == -EINVAL ? message : reason(r));
	replay->window.record_start = replay->record_start;
	text = replay->conf->timestamp_pattern;
	if (r == 0 && text)
		r = expression_compile(text, &replay->stamp_pattern, message, sizeof(message));
	recorded_init(&replay->pace.recorded, replay->conf);
	replay->pace.recorded.format.pattern = replay->stamp_pattern;
	return r;
}

/* Is there a stamp at the beginning of what is to be replayed? A stream cannot be asked. */
static int check_stamps(struct replay *replay)
{
	char *data = replay->append.batch.data;
	ssize_t n;
	size_t line, lines = 0;
	struct range where;
	int64_t stamp;

	if (!replay->conf->by_stamps || replay->source.stream >= 0 || batch_of(replay)->length > 0)
		return 0;
	n = source_peek(
		&replay->source, data, STAMPS_EXPECTED_WITHIN, batch_of(replay)->done.offset);
	for (size_t at = 0; (ssize_t)at < n; at += line + 1, lines++) {
		const char *newline = memchr(data + at, '\n', (size_t)n - at);

		line = newline ? (size_t)(newline - data) - at : (size_t)n - at;
		if (stamp_find(&replay->pace.recorded.format, data + at, line, &stamp, &where))
			return 0;
	}
	if (n <= 0)
		return (int)n;
	log_error("%s: timestamp = \"%s\": none of the first %zu lines has such a stamp",
		replay->conf->source, replay->conf->timestamp, lines);
	return -EINVAL;
}

static int open_all(struct replay *replay)
{
	const struct replay_setup *setup = replay->setup;
	int r = compile_patterns(replay);

	if (r < 0)
		return r;
	r = source_open(&replay->source, replay->conf->source, replay->conf->at_end == AT_END_WAIT);

	if (r < 0) {
		log_error("%s: %s", replay->conf->source,
			r == -EINVAL    ? "neither a regular file nor a FIFO"
			: r == -EBADMSG ? "is damaged, or no such compressed file"
					: reason(r));
		return r;
	}
	if (replay->source.stream >= 0 &&
		(replay->conf->loops != 1 || replay->conf->start_at > 1)) {
		log_error("%s: a stream cannot be read again: loop and start_at need a file",
			replay->conf->source);
		return -EINVAL;
	}
	r = section_state_open(&replay->state, setup->state, setup->section, setup->patience_ns);
	if (r < 0)
		return r;
	r = append_open(
		&replay->append, replay->conf->target, replay->state.directory, setup->section);
	if (r < 0)
		return r;
	if (replay->conf->rotate.size || replay->conf->rotate.interval_ns) {
		if (replay->append.target.fd < 0 || replay->append.target.stream) {
			log_error("%s: only a regular file can be rotated", replay->conf->target);
			return -EINVAL;
		}
		replay->append.rotate = &replay->conf->rotate;
	}
	replay_state_init(&replay->kept, replay->state.directory, setup->section);
	r = replay_state_resume(&replay->kept, &replay->source, &replay->append);
	if (r == 0 && replay->source.stream < 0 && batch_of(replay)->length == 0 &&
		batch_of(replay)->done.offset == 0)
		r = go_to_start(replay);
	return r == 0 ? check_stamps(replay) : r;
}

static void start_at(struct replay *replay)
{
	const struct batch_header *batch = batch_of(replay);
	const struct position *position = batch->length > 0 ? &batch->next : &batch->done;

	if (replay->source.stream >= 0)
		window_resume(&replay->window, &replay->append.batch);
	else
		window_start(&replay->window, position);
	replay->first_line = batch->done.lines;
	progress_start(&replay->progress, replay->conf->target, replay->conf->interval_ns,
		batch->done.offset);
}

static int add_sources(struct replay *replay, const struct worker_signals *signals)
{
	int r = worker_loop(replay->worker, signals, &replay->loop);

	if (r == 0)
		r = timer_add(replay->loop, &replay->timer, on_turn, replay);
	if (r == 0 && strcmp(replay->conf->target, TARGET_STDOUT) == 0) {
		/* No news from a regular file: EPERM. */
		r = sd_event_add_io(
			replay->loop, &replay->hangup, STDOUT_FILENO, 0, on_hangup, replay);
		r = r == -EPERM ? 0 : r;
	}
	replay->keys.pressed = on_key;
	replay->keys.context = replay;
	if (r >= 0 && replay->worker->adhoc && replay->source.stream < 0 && !replay->setup->client)
		r = keys_start(&replay->keys, replay->loop);
	if (r < 0)
		log_error("cannot set up the event loop: %s", reason(r));
	return r < 0 ? r : 0;
}

static void run(struct replay *replay)
{
	struct progress_figures last;
	int r;

	save(replay);
	figures_define_replay(replay->worker->stats);
	worker_ready(replay->worker);
	pace_start(&replay->pace, replay->conf, clock_monotonic_ns());
	replay->paused = replay->conf->paused;
	replay->stop_ns = replay->conf->stop_after_ns
				  ? clock_monotonic_ns() + replay->conf->stop_after_ns
				  : UINT64_MAX;
	r = timer_arm(replay->timer, 0);
	if (r >= 0)
		r = sd_event_loop(replay->loop);
	if (r < 0) {
		log_error("the event loop has failed: %s", reason(r));
		replay->status = STATUS_FAILURE;
	}
	save(replay);
	last = figures(replay);
	progress_end(&replay->progress, &last);
}

static void close_all(struct replay *replay)
{
	keys_end(&replay->keys);
	sd_event_source_disable_unref(replay->timer);
	sd_event_source_disable_unref(replay->writable);
	sd_event_source_disable_unref(replay->readable);
	sd_event_source_disable_unref(replay->hangup);
	sd_event_unref(replay->loop);
	append_close(&replay->append);
	section_state_close(&replay->state);
	source_close(&replay->source);
	expression_free(replay->record_start);
	expression_free(replay->stamp_pattern);
}

int replay_run(const struct replay_setup *setup, struct worker *worker)
{
	struct replay replay = {
		.setup = setup,
		.conf = setup->conf,
		.worker = worker,
		.state = { .directory = -1, .lock = -1 },
		.source.stream = -1,
		.append = { .target.fd = -1, .lock.fd = -1, .batch.fd = -1 },
		.status = STATUS_OK,
	};
	const struct worker_signals signals = {
		.stop = on_stop,
		.reload = on_reload,
		.context = &replay,
	};
	int r = open_all(&replay);

	if (r == 0)
		r = add_sources(&replay, &signals);
	if (r == 0) {
		start_at(&replay);
		run(&replay);
	}
	close_all(&replay);
	if (r < 0)
		return r == -EACCES || r == -EPERM ? STATUS_PERMISSION : STATUS_FAILURE;
	return replay.status;
}
