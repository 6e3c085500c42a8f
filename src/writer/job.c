#include "writer/job.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/status.h"
#include "writer/append.h"
#include "writer/figures.h"
#include "writer/run.h"
#include "writer/schedule.h"
#include "writer/section_state.h"
#include "writer/timer.h"

#include <errno.h>
#include <inttypes.h>
#include <time.h>

#define STOP_GRACE_NS (500 * NS_PER_MS)
#define OVERLAP_GRACE_NS NS_PER_S

struct job {
	const struct job_setup *setup;
	const struct job_conf *conf;
	struct stats_page *stats;
	struct section_state state;
	struct append append;
	struct schedule schedule;
	struct run run;
	bool running, stopping;
	uint64_t queued; /* to be made up for when the run at hand is over */
	uint64_t runs, failed, missed;
	sd_event *loop;
	sd_event_source *timer;
};

/* The batch that an earlier life could not finish uses the buffer. */
static int finish_old_batch(struct job *job)
{
	int r = job->append.batch.header->length > 0 ? append_batch(&job->append) : 0;

	target_report(&job->append.target, r);
	return r;
}

static void show(const struct job *job)
{
	stats_set(job->stats, JOB_RUNS, job->runs);
	stats_set(job->stats, JOB_FAILED, job->failed);
	stats_set(job->stats, JOB_MISSED, job->missed);
	stats_beat(job->stats);
}

static void show_last_run(const struct job *job)
{
	const struct run *run = &job->run;

	stats_add(job->stats, JOB_TIMEOUTS, run->timed_out);
	stats_set(job->stats, JOB_LAST_RUN, (clock_monotonic_ns() - run->started_ns) / NS_PER_US);
	stats_set(job->stats, JOB_LAST_STATUS, run->status);
}

static void start_run(struct job *job)
{
	int r = finish_old_batch(job);

	if (r == 0)
		r = run_start(&job->run);
	job->runs++;
	job->running = r == 0;
	if (r == 0)
		return;
	job->failed++;
	log_error("%s: cannot be run: %s", job->conf->command[0], reason(r));
}

static void run_is_over(void *context, bool success)
{
	struct job *job = context;

	job->running = false;
	job->failed += !success;
	show_last_run(job);
	if (job->stopping) {
		sd_event_exit(job->loop, 0);
	} else if (job->queued > 0) {
		job->queued--;
		start_run(job);
	}
	show(job);
}

/* A run is due while the one before it goes on. */
static void overlap(struct job *job)
{
	switch (job->conf->overlap) {
	case OVERLAP_SKIP:
		job->missed++;
		log_warning("a run is left out, the one before it still goes on (%" PRIu64
			    " missed so far)",
			job->missed);
		break;
	case OVERLAP_QUEUE:
		job->queued++;
		break;
	case OVERLAP_KILL:
		log_warning("the run before still goes on and is ended");
		run_stop(&job->run, OVERLAP_GRACE_NS);
		job->missed += job->queued; /* it takes longer than an interval to end */
		job->queued = 1;
		break;
	}
}

/* The next run comes at the next whole number of intervals since midnight, or whatever the clock
 * shows to be that after it was set. One that is due at once has just been. */
static void align(struct job *job)
{
	uint64_t interval = job->conf->interval_ns, wait;
	uint64_t now = clock_realtime_ns();
	time_t seconds = (time_t)(now / NS_PER_S);
	struct tm local;

	localtime_r(&seconds, &local);
	wait = interval - (now + (uint64_t)(local.tm_gmtoff * (long)NS_PER_S)) % interval;
	if (wait < interval / 10)
		wait += interval;
	schedule_start(&job->schedule, interval, clock_monotonic_ns() + wait);
}

static int on_due(sd_event_source *timer, uint64_t usec, void *context)
{
	struct job *job = context;
	uint64_t due = schedule_due(&job->schedule, clock_monotonic_ns());

	(void)usec;
	schedule_done(&job->schedule, due);
	if (job->conf->align)
		align(job);
	if (due > 1) {
		job->missed += due - 1;
		log_warning("%" PRIu64 " runs could not be started in time (%" PRIu64
			    " missed so far)",
			due - 1, job->missed);
	}
	if (due > 0 && !job->stopping) {
		if (job->running)
			overlap(job);
		else
			start_run(job);
	}
	show(job);
	return timer_arm(timer, schedule_next(&job->schedule));
}

static void on_stop(void *context)
{
	struct job *job = context;

	job->stopping = true;
	if (job->running)
		run_stop(&job->run, STOP_GRACE_NS);
	/* What is noted for a full target is finished in the next life. */
	if (!job->running || job->run.target_full)
		sd_event_exit(job->loop, 0);
}

static void on_reload(void *context)
{
	struct job *job = context;
	int r = target_reopen(&job->append.target);

	if (r < 0)
		log_error("%s: cannot be opened again: %s", job->conf->target, reason(r));
}

static int open_all(struct job *job)
{
	const struct job_setup *setup = job->setup;
	int r = section_state_open(&job->state, setup->state, setup->section, setup->patience_ns);

	if (r < 0)
		return r;
	r = target_open(&job->append.target, job->conf->target);
	if (r < 0) {
		log_error(
			"%s: target = \"%s\": %s", job->conf->place, job->conf->target, reason(r));
		return r;
	}
	return append_open(&job->append, job->state.directory, setup->section);
}

static int set_up_loop(struct job *job, struct worker *worker, const struct worker_signals *signals)
{
	uint64_t wait = job->conf->first_now ? 0 : job->conf->interval_ns;
	int r = worker_loop(worker, signals, &job->loop);

	if (r == 0)
		r = timer_add(job->loop, &job->timer, on_due, job);
	if (r >= 0) {
		schedule_start(&job->schedule, job->conf->interval_ns, clock_monotonic_ns() + wait);
		if (job->conf->align && !job->conf->first_now)
			align(job);
		r = timer_arm(job->timer, schedule_next(&job->schedule));
	}
	if (r < 0)
		log_error("cannot set up the event loop: %s", reason(r));
	return r < 0 ? r : 0;
}

static int run_loop(struct job *job)
{
	int r;

	job->run = (struct run){
		.conf = job->conf,
		.append = &job->append,
		.loop = job->loop,
		.stats = job->stats,
		.output = -1,
		.errors = -1,
		.over = run_is_over,
		.context = job,
	};
	r = sd_event_loop(job->loop);
	if (r < 0)
		log_error("the event loop has failed: %s", reason(r));
	log_info("%" PRIu64 " runs, %" PRIu64 " of them failed, %" PRIu64 " missed", job->runs,
		job->failed, job->missed);
	return r < 0 ? r : 0;
}

static void close_all(struct job *job)
{
	if (job->running)
		run_abandon(&job->run);
	sd_event_source_disable_unref(job->timer);
	sd_event_unref(job->loop);
	append_close(&job->append);
	section_state_close(&job->state);
}

int job_run(const struct job_setup *setup, struct worker *worker)
{
	struct job job = {
		.setup = setup,
		.conf = setup->conf,
		.stats = worker->stats,
		.state = { .directory = -1, .lock = -1 },
		.append = APPEND_CLOSED,
	};
	const struct worker_signals signals = {
		.stop = on_stop,
		.reload = on_reload,
		.context = &job,
	};
	int r = open_all(&job);

	if (r == 0)
		r = set_up_loop(&job, worker, &signals);
	if (r == 0) {
		figures_define_job(worker->stats);
		worker_ready(worker);
		r = run_loop(&job);
	}
	close_all(&job);
	if (r < 0)
		return r == -EACCES || r == -EPERM ? STATUS_PERMISSION : STATUS_FAILURE;
	return STATUS_OK;
}
