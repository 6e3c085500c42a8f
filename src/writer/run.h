/*
 * One run of a job's command: what it prints goes to the target in whole lines, what it says on
 * standard error is logged. It is over when the process has ended and nobody holds its output open
 * any more; or after the timeout, when its process group gets SIGTERM and a second later SIGKILL.
 *
 * While the target cannot take lines the command's output is not read: the command waits, nothing
 * is dropped and memory stays bounded.
 */
#ifndef WRITER_RUN_H
#define WRITER_RUN_H

#include "config/writer_conf.h"
#include "daemon/stats.h"
#include "handlers/child.h"
#include "writer/append.h"
#include "writer/output_log.h"

#include <stdbool.h>
#include <systemd/sd-event.h>

#define RUN_STAMP_MAX 128
#define RUN_LINE_MAX ((size_t)1 << 20) /* longer lines are split */

enum run_ending { RUN_GOES_ON, RUN_TERMINATED, RUN_KILLED };

struct run {
	const struct job_conf *conf;
	struct append *append;
	sd_event *loop;
	struct child child;
	int output, errors; /* -1: at their end */
	size_t length;      /* of what is in the batch's buffer */
	struct output_log log;
	sd_event_source *on_end, *on_output, *on_errors, *deadline, *retry;
	enum run_ending ending;
	bool process_ended, target_full;
	uint64_t started_ns;
	uint64_t status;          /* of the last one, as a shell tells it: 128 and a signal */
	bool timed_out;           /* the last one */
	struct stats_page *stats; /* enum job_figure */
	void (*over)(void *context, bool success);
	void *context;
	bool success;
};

/* 0, or a negative errno: then nothing runs. Else over() is called, once, from the loop; the run
 * may be started again from there. The zeroed struct's conf, append, loop, stats, over and context
 * are the caller's to set. */
int run_start(struct run *run);

/* Ends it: SIGTERM now, SIGKILL after `grace_ns`. */
void run_stop(struct run *run, uint64_t grace_ns);

/* Ends it at once; over() is not called, what it has printed and is not written is dropped. */
void run_abandon(struct run *run);

#endif
