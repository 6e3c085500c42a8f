/*
 * The read-line / sleep loop of a section, driven by sd-event: woken by its interval or by
 * inotify, by a handler that was busy, by the checkpoint that is due, and by signals.
 */
#ifndef TAILER_LOOP_H
#define TAILER_LOOP_H

#include "daemon/worker.h"
#include "tailer/section.h"

/* Runs until it is told to stop, has committed and saved. The exit status. */
int loop_run(const struct tail_conf *conf, const struct store_place *place,
	uint64_t stop_timeout_ns, struct worker *worker);

#endif
