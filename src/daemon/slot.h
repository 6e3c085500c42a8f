/*
 * A section's place in the daemon, over all its workers' lives: one worker at a time, a successor
 * only when the one before is gone, a pause before each new try.
 */
#ifndef DAEMON_SLOT_H
#define DAEMON_SLOT_H

#include "daemon/pidfile.h"
#include "daemon/supervisor.h"

#include <stdint.h>
#include <systemd/sd-event.h>

enum slot_state {
	SLOT_EMPTY,    /* no worker, and none wanted */
	SLOT_WAITING,  /* for the end of its back-off */
	SLOT_STARTING, /* forked, not yet ready */
	SLOT_RUNNING,
	SLOT_STOPPING, /* told to end, to be killed after stop_timeout */
	SLOT_FINISHED, /* ended with status 0 by itself */
};

/* What all slots of a daemon share. */
struct slot_common {
	struct slot *const *slots; /* all of them */
	sd_event *loop;            /* with SIGCHLD blocked */
	const struct supervised *supervised;
	struct pidfile *pidfile;
	const char *state; /* directory */
	const struct stats *stats;
	int boot_fd; /* -1: booted, or in the foreground */
	uint64_t stop_timeout_ns;

	/* After each change of a slot's state that slot_set() did not make. */
	void (*changed)(void *context);
	void *context;
};

struct slot {
	struct slot *next;
	struct slot_common *common;
	const struct section *section; /* to run, now or next; NULL: none */
	char *name;
	enum slot_state state;
	int failure; /* status of the last life if it ended before it was ready, else 0 */
	pid_t pid;   /* 0: no worker */
	uint64_t started_ns, pause_ns;
	struct stats_page *page; /* NULL: there are too many sections */
	sd_event_source *exit, *ready, *timer;
	int exit_fd, ready_fd; /* that those two watch; only with them */
};

/* An empty slot; NULL: out of memory. */
struct slot *slot_new(struct slot_common *common, const char *name);

/* A worker it may still have is not looked after any more. */
void slot_free(struct slot *slot);

/* From now on this section: starts a worker, or replaces it if the text differs (the section set
 * before still exists), or lets it open its outputs again, or try again at once, or, with NULL,
 * ends it. */
void slot_set(struct slot *slot, const struct section *section);

#endif
