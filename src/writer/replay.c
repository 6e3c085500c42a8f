#include "writer/replay_parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/status.h"
#include "writer/figures.h"
#include "writer/timer.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define SPEED_LEAST 1 /* thousandths */
#define SPEED_MOST UINT64_C(1000000000)

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
		replay_end(replay, STATUS_OK);
	}
	shown = replay_figures(replay);
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

/* Who reads our standard output is gone: no need to wait until the next line is due. */
static int on_hangup(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct replay *replay = context;

	(void)fd, (void)events;
	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	replay_target_failed(replay, -EPIPE);
	return 0;
}

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

static int open_source(struct replay *replay)
{
	const struct replay_conf *conf = replay->conf;
	int r = source_open(&replay->source, conf->source, conf->at_end == AT_END_WAIT);

	if (r < 0) {
		replay_mistake(replay, "source", conf->source,
			r == -EINVAL    ? "neither a regular file nor a FIFO"
			: r == -EBADMSG ? "is damaged, or no such compressed file"
					: reason(r));
		return r;
	}
	if (replay->source.stream < 0 || (conf->loops == 1 && !replay_starts_late(replay)))
		return 0;
	replay_mistake(replay, "source", conf->source,
		"a stream cannot be read again: loop and start_at need a file");
	return -EINVAL;
}

static int open_target(struct replay *replay)
{
	const struct replay_conf *conf = replay->conf;
	struct append *append = &replay->append;
	int r = target_open(&append->target, conf->target);

	if (r < 0) {
		replay_mistake(replay, "target", conf->target, reason(r));
		return r;
	}
	r = append_open(append, replay->state.directory, replay->setup->section);
	if (r < 0 || !rotate_conf_is_set(&conf->rotate))
		return r;
	append->rotate = &conf->rotate;
	if (append->target.fd >= 0 && !append->target.stream)
		return 0;
	replay_mistake(replay, "target", conf->target, "only a regular file can be rotated");
	return -EINVAL;
}

/* Where an earlier life has left off, or where start_at says. */
static int find_place(struct replay *replay)
{
	const struct batch_header *batch = replay_batch(replay);
	int r;

	replay_state_init(&replay->kept, replay->state.directory, replay->setup->section,
		replay->conf->restamp);
	r = replay_state_resume(&replay->kept, &replay->source, &replay->append);
	if (r == 0 && replay->source.stream < 0 && batch->length == 0 && batch->done.offset == 0)
		r = replay_go_to_start(replay);
	return r == 0 ? replay_check_stamps(replay) : r;
}

static int open_all(struct replay *replay)
{
	const struct replay_setup *setup = replay->setup;
	int r = compile_patterns(replay);

	if (r == 0)
		r = open_source(replay);
	if (r == 0)
		r = section_state_open(
			&replay->state, setup->state, setup->section, setup->patience_ns);
	if (r == 0)
		r = open_target(replay);
	return r == 0 ? find_place(replay) : r;
}

static void start_at(struct replay *replay)
{
	const struct batch_header *batch = replay_batch(replay);
	const struct position *position = batch->length > 0 ? &batch->next : &batch->done;

	if (replay->source.stream >= 0)
		window_resume(&replay->window, &replay->append.batch);
	else
		window_start(&replay->window, position);
	replay->first_line = batch->done.lines;
	progress_start(&replay->progress, replay->conf->target, batch->done.offset);
}

static int add_sources(struct replay *replay, const struct worker_signals *signals)
{
	int r = worker_loop(replay->worker, signals, &replay->loop);

	if (r == 0)
		r = timer_add(replay->loop, &replay->timer, replay_turn, replay);
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

	replay_save(replay);
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
	replay_save(replay);
	last = replay_figures(replay);
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
		.append = APPEND_CLOSED,
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
