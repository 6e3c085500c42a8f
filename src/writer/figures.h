/* What the sections show of themselves in the .stats file, see daemon/stats.h. All is counted since
 * the worker started. */
#ifndef WRITER_FIGURES_H
#define WRITER_FIGURES_H

#include "daemon/stats.h"

enum replay_figure {
	REPLAY_LINES,
	REPLAY_WRITTEN,
	REPLAY_LOOPS,
	REPLAY_LATENESS, /* of the last batch: from when its first line was due to its being written
			  */
	REPLAY_LATENESS_MAX,
	REPLAY_BEHIND,   /* lines that are due and not written */
	REPLAY_SKIPPED,  /* time by which the schedule was moved after stalls */
	REPLAY_NO_STAMP, /* lines, by pace = timestamps */
	REPLAY_BACKWARDS,
	REPLAY_CAPPED, /* gaps longer than max_gap */
	REPLAY_ROTATIONS,
	REPLAY_OFFSET, /* in the source, of the next line */
	REPLAY_SIZE,   /* of the source */
};

enum job_figure {
	JOB_RUNS,
	JOB_FAILED,
	JOB_MISSED,
	JOB_TIMEOUTS,
	JOB_LINES,
	JOB_WRITTEN,
	JOB_LAST_RUN,
	JOB_LAST_STATUS, /* as a shell tells it: 128 and the signal that ended it */
};

void figures_define_replay(struct stats_page *page);
void figures_define_job(struct stats_page *page);

/* The time of day is this much behind: the last and the largest lateness. */
void figures_show_lateness(struct stats_page *page, uint64_t late_ns);

#endif
