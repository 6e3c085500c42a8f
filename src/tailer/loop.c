#include "tailer/loop.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/status.h"
#include "tailer/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

#define US(ns) ((ns) / NS_PER_US)

struct loop {
	const struct tail_conf *conf;
	struct section_state *section;
	sd_event *event;
	sd_event_source *tick;  /* the next look */
	sd_event_source *work;  /* enabled while there is something to hand over */
	sd_event_source *save;  /* the checkpoint that is due */
	sd_event_source *retry; /* the handler said later: ask again */
	sd_event_source *ready; /* its descriptor will tell */
	sd_event_source *limit; /* time to stop in */
	struct watcher watch;
	uint64_t stop_timeout_ns;
	uint64_t rescan; /* CLOCK_MONOTONIC, ns: look everywhere again, whatever we were told */
	bool watching;   /* every directory: there is no need to poll */
	bool blocked;    /* waiting for the handler */
	bool stopping;   /* save, then exit */
};

static void fail(struct loop *loop)
{
	sd_event_exit(loop->event, STATUS_FAILURE);
}

static void enable(sd_event_source *source, int how)
{
	sd_event_source_set_enabled(source, how);
}

static void set_timer(sd_event_source *source, uint64_t at_ns)
{
	sd_event_source_set_time(source, US(at_ns));
	enable(source, SD_EVENT_ONESHOT);
}

static void advance(struct loop *loop);
static void save_if_due(struct loop *loop);
static void stop(struct loop *loop);
static int on_ready(sd_event_source *source, int fd, uint32_t events, void *context);

/* Waits for the handler's descriptor, if it has said later or has work of its own. poll(2)'s events
 * have the same values as epoll(7)'s. How long to wait at most. */
static uint64_t watch_handler(struct loop *loop)
{
	short events = 0;
	uint64_t wait_ns = 0;
	int fd = -1;

	if (loop->blocked || section_attends(loop->section))
		fd = section_poll(loop->section, &events, &wait_ns);
	if (fd >= 0 && loop->ready && sd_event_source_get_io_fd(loop->ready) == fd) {
		sd_event_source_set_io_events(loop->ready, (uint32_t)events);
		return wait_ns;
	}
	loop->ready = sd_event_source_disable_unref(loop->ready);
	if (fd >= 0)
		sd_event_add_io(loop->event, &loop->ready, fd, (uint32_t)events, on_ready, loop);
	return wait_ns;
}

static void wait_for_handler(struct loop *loop)
{
	loop->blocked = true;
	enable(loop->work, SD_EVENT_OFF);
	set_timer(loop->retry, clock_monotonic_ns() + watch_handler(loop));
}

static void repeat_call(struct loop *loop)
{
	loop->blocked = false;
	enable(loop->retry, SD_EVENT_OFF);
	if (!section_attends(loop->section))
		loop->ready = sd_event_source_disable_unref(loop->ready);
	save_if_due(loop);
	if (!loop->blocked)
		advance(loop);
}

static void attend(struct loop *loop)
{
	enum progress progress = section_attend(loop->section);

	if (progress == PROGRESS_FAILED)
		fail(loop);
	else if (progress == PROGRESS_DONE)
		stop(loop);
	watch_handler(loop);
}

static int on_ready(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct loop *loop = context;

	(void)source, (void)fd, (void)events;
	if (loop->blocked)
		repeat_call(loop);
	else
		attend(loop);
	return 0;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *context)
{
	(void)source, (void)usec;
	repeat_call(context);
	return 0;
}

static void schedule_save(struct loop *loop)
{
	uint64_t due = section_save_due(loop->section);

	if (due)
		set_timer(loop->save, due);
	else
		enable(loop->save, SD_EVENT_OFF);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* How long until something may be due that no event tells: a grace, a partial_timeout. */
static uint64_t patience(const struct loop *loop)
{
	const struct tail_conf *conf = loop->conf;
	uint64_t wait_ns = smaller(NS_PER_S, conf->rescan_ns);

	if (loop->watch.lost)
		return conf->interval_ns;
	if (!tracker_waits(section_tracker(loop->section)))
		return conf->rescan_ns;
	if (conf->partial_timeout_ns)
		wait_ns = smaller(wait_ns, conf->partial_timeout_ns);
	return conf->grace_ns ? smaller(wait_ns, conf->grace_ns) : wait_ns;
}

/* The next look: after the interval, or much later when every directory is watched. */
static void schedule_tick(struct loop *loop)
{
	uint64_t wait_ns = loop->conf->interval_ns;

	loop->watching = loop->conf->watch == WATCH_INOTIFY && watch_update(&loop->watch);
	if (loop->watching)
		wait_ns = patience(loop);
	set_timer(loop->tick, clock_monotonic_ns() + wait_ns);
}

/* Never later than it was to be. */
static void hasten_tick(struct loop *loop)
{
	uint64_t planned_us = 0, due = clock_monotonic_ns() + patience(loop);

	if (loop->watching && sd_event_source_get_time(loop->tick, &planned_us) >= 0 &&
		US(due) < planned_us)
		set_timer(loop->tick, due);
}

/* Is that done? If not, what is to be done about it has been. */
static bool is_done(struct loop *loop, enum progress progress)
{
	if (progress == PROGRESS_FAILED)
		fail(loop);
	else if (progress == PROGRESS_LATER && !loop->blocked)
		wait_for_handler(loop);
	return progress != PROGRESS_FAILED && progress != PROGRESS_LATER;
}

static void stop_when_saved(struct loop *loop)
{
	if (is_done(loop, section_save(loop->section)))
		sd_event_exit(loop->event, STATUS_OK);
}

/* One round, and what follows from it. */
static void advance(struct loop *loop)
{
	if (loop->stopping) {
		stop_when_saved(loop);
		return;
	}
	switch (section_round(loop->section, false)) {
	case PROGRESS_MORE:
		enable(loop->work, SD_EVENT_ON);
		break;
	case PROGRESS_LATER:
		wait_for_handler(loop);
		break;
	case PROGRESS_FAILED:
		fail(loop);
		break;
	case PROGRESS_DONE:
		stop(loop);
		return;
	case PROGRESS_IDLE:
		enable(loop->work, SD_EVENT_OFF);
		hasten_tick(loop);
		break;
	}
	watch_handler(loop);
	schedule_save(loop);
}

static int on_work(sd_event_source *source, void *context)
{
	struct loop *loop = context;

	(void)source;
	if (loop->conf->watch == WATCH_INOTIFY)
		watch_look(&loop->watch);
	advance(loop);
	return 0;
}

static void wake(void *context)
{
	struct loop *loop = context;

	if (!loop->blocked)
		enable(loop->work, SD_EVENT_ON);
}

static bool rescan_due(struct loop *loop)
{
	uint64_t now = clock_monotonic_ns();

	if (now < loop->rescan)
		return false;
	loop->rescan = now + loop->conf->rescan_ns;
	return true;
}

static int on_tick(sd_event_source *source, uint64_t usec, void *context)
{
	struct loop *loop = context;

	(void)source, (void)usec;
	tracker_look(section_tracker(loop->section), rescan_due(loop));
	tracker_tidy(section_tracker(loop->section));
	section_show(loop->section);
	if (section_reader_gone(loop->section))
		fail(loop);
	schedule_tick(loop);
	wake(loop);
	return 0;
}

static void save(struct loop *loop)
{
	if (is_done(loop, section_save(loop->section)))
		schedule_save(loop);
}

/* A handler that is always busy when the timer comes is not to go unsaved for ever. */
static void save_if_due(struct loop *loop)
{
	uint64_t due = section_save_due(loop->section);

	if (due && due <= clock_monotonic_ns() && !loop->stopping)
		save(loop);
}

static int on_save(sd_event_source *source, uint64_t usec, void *context)
{
	struct loop *loop = context;

	(void)source, (void)usec;
	if (!loop->blocked) /* else repeat_call() does it */
		save(loop);
	return 0;
}

/* Nothing accepted so far is lost by leaving now: it was not committed and comes again. */
static int on_limit(sd_event_source *source, uint64_t usec, void *context)
{
	struct loop *loop = context;

	(void)source, (void)usec;
	log_warning("the handler did not finish in time; what it has not committed comes again");
	fail(loop);
	return 0;
}

static void stop(struct loop *loop)
{
	if (loop->stopping)
		return;
	loop->stopping = true;
	set_timer(loop->limit, clock_monotonic_ns() + loop->stop_timeout_ns);
	if (!loop->blocked)
		stop_when_saved(loop);
}

static void on_stop(void *context)
{
	stop(context);
}

static void on_reload(void *context)
{
	struct loop *loop = context;

	if (is_done(loop, section_reopen(loop->section)))
		schedule_save(loop);
}

static int add_timer(struct loop *loop, sd_event_source **source, sd_event_time_handler_t handler)
{
	int error = sd_event_add_time(loop->event, source, CLOCK_MONOTONIC, 0, 1, handler, loop);

	if (error >= 0)
		enable(*source, SD_EVENT_OFF);
	return error;
}

static int add_sources(struct loop *loop)
{
	int error = add_timer(loop, &loop->tick, on_tick);

	if (error >= 0)
		error = add_timer(loop, &loop->save, on_save);
	if (error >= 0)
		error = add_timer(loop, &loop->retry, on_retry);
	if (error >= 0)
		error = add_timer(loop, &loop->limit, on_limit);
	if (error >= 0)
		error = sd_event_add_defer(loop->event, &loop->work, on_work, loop);
	if (error >= 0)
		/* Behind signals and events, so that each of them is seen between two rounds. */
		error = sd_event_source_set_priority(loop->work, SD_EVENT_PRIORITY_IDLE);
	return error;
}

static void close_loop(struct loop *loop)
{
	watch_free(&loop->watch);
	sd_event_source_disable_unref(loop->tick);
	sd_event_source_disable_unref(loop->save);
	sd_event_source_disable_unref(loop->retry);
	sd_event_source_disable_unref(loop->ready);
	sd_event_source_disable_unref(loop->limit);
	sd_event_source_disable_unref(loop->work);
	sd_event_unref(loop->event);
}

static int run_events(struct loop *loop, struct worker *worker)
{
	int error = add_sources(loop);

	if (error >= 0) {
		watch_init(&loop->watch, loop->event, section_tracker(loop->section), wake, loop);
		schedule_tick(loop);
		watch_handler(loop);
		enable(loop->work, SD_EVENT_ON);
		worker_ready(worker);
		error = sd_event_loop(loop->event);
	}
	if (error >= 0)
		return error;
	log_error("event loop: %s", reason(error));
	return STATUS_FAILURE;
}

int loop_run(const struct tail_conf *conf, const struct store_place *place,
	uint64_t stop_timeout_ns, struct worker *worker)
{
	struct loop loop = { .conf = conf, .stop_timeout_ns = stop_timeout_ns };
	struct worker_signals signals = { on_stop, on_reload, &loop };
	int status, error = worker_loop(worker, &signals, &loop.event);

	if (error) {
		log_error("event loop: %s", reason(error));
		return STATUS_FAILURE;
	}
	loop.section = section_open(conf, place, worker->stats, &status);
	if (loop.section) {
		status = run_events(&loop, worker);
		close_loop(&loop);
		section_close(loop.section);
	} else {
		sd_event_unref(loop.event);
	}
	return status;
}
