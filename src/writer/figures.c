#include "writer/figures.h"

#include "base/clock.h"

static const char *const replay_names[] = {
	[REPLAY_LINES] = "lines_total",
	[REPLAY_WRITTEN] = "written_bytes_total",
	[REPLAY_LOOPS] = "loops_total",
	[REPLAY_LATENESS] = "lateness_microseconds",
	[REPLAY_LATENESS_MAX] = "lateness_max_microseconds",
	[REPLAY_BEHIND] = "behind_lines",
	[REPLAY_SKIPPED] = "skipped_microseconds_total",
	[REPLAY_NO_STAMP] = "stamps_missing_total",
	[REPLAY_BACKWARDS] = "stamps_backwards_total",
	[REPLAY_CAPPED] = "gaps_capped_total",
	[REPLAY_ROTATIONS] = "rotations_total",
	[REPLAY_OFFSET] = "source_offset_bytes",
	[REPLAY_SIZE] = "source_size_bytes",
};

static const char *const job_names[] = {
	[JOB_RUNS] = "runs_total",
	[JOB_FAILED] = "failed_total",
	[JOB_MISSED] = "missed_total",
	[JOB_TIMEOUTS] = "timeouts_total",
	[JOB_LINES] = "lines_total",
	[JOB_WRITTEN] = "written_bytes_total",
	[JOB_LAST_RUN] = "last_run_microseconds",
	[JOB_LAST_STATUS] = "last_exit_status",
};

static void define(struct stats_page *page, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		stats_define(page, i, names[i]);
		stats_set(page, i, 0);
	}
}

void figures_define_replay(struct stats_page *page)
{
	define(page, replay_names, sizeof(replay_names) / sizeof(*replay_names));
}

void figures_define_job(struct stats_page *page)
{
	define(page, job_names, sizeof(job_names) / sizeof(*job_names));
}

void figures_show_lateness(struct stats_page *page, uint64_t late_ns)
{
	uint64_t late_us = late_ns / NS_PER_US;

	if (!page)
		return;
	stats_set(page, REPLAY_LATENESS, late_us);
	if (late_us > page->figures[REPLAY_LATENESS_MAX].value)
		stats_set(page, REPLAY_LATENESS_MAX, late_us);
}
