/*
 * The life inside a worker process: one section, one thread, one sd_event loop of its own.
 * The same code runs in the program's own process for -d, -i, --once and the ad-hoc form.
 */
#ifndef DAEMON_WORKER_H
#define DAEMON_WORKER_H

#include "daemon/stats.h"

#include <stdbool.h>
#include <systemd/sd-event.h>

/* What a worker does on a signal. */
struct worker_signals {
	void (*stop)(void *context);   /* SIGTERM, SIGINT: may come twice */
	void (*reload)(void *context); /* SIGHUP: open outputs by name again */
	void *context;
};

struct worker {
	int ready_fd;      /* the supervisor waits on its other end; -1 when there is none */
	int boot_fd;       /* the log goes there until ready; not looked at without a ready_fd */
	const char *state; /* the state directory; NULL: nothing is kept */
	struct stats_page *stats;             /* this section's; NULL: nobody looks */
	bool adhoc;                           /* a hang-up of the terminal ends the run */
	const struct worker_signals *signals; /* set by worker_loop() */
	bool stopped_by_other; /* by a process that is not its parent: it is not finished */
};

/* A new event loop with those signals, which are blocked from here on, and so is SIGCHLD, as
 * sd_event_add_child(3) wants it: signals_reset() before exec(3). `signals` lives as long as the
 * loop. An ad-hoc run under nohup(1) takes no SIGHUP. 0 or negative errno. */
int worker_loop(struct worker *worker, const struct worker_signals *signals, sd_event **loop);

/* Everything that can be checked at start has been: this section is up. */
void worker_ready(struct worker *worker);

#endif
