/*
 * One daemon, several sections: a worker process for each, restarted with back-off when it
 * dies, told apart by their text when the configuration is read again.
 *
 * Back-off: 0.1 s after the first death, doubled each time up to 30 s, and 0.1 s again once a
 * worker has lived for 60 s. A worker that ends with status 0 by itself is finished and not
 * started again; when all are, the daemon ends.
 */
#ifndef DAEMON_SUPERVISOR_H
#define DAEMON_SUPERVISOR_H

#include "daemon/worker.h"

#include <stddef.h>
#include <stdint.h>

struct section {
	const char *name; /* "tail app": in ps, in messages; unique */
	const char *text; /* its whole effective configuration: equal text, nothing changed */
	const void *settings;
};

/* A configuration, as the supervisor needs to know it. Whatever `section` points to lives until
 * release(config) is called. */
struct section_list {
	struct section *section;
	size_t count;
	uint64_t stop_timeout_ns; /* from SIGTERM to SIGKILL */
	void *config;
};

struct supervised {
	const char *program;
	void *context;

	/* Reads and checks the configuration. 0, or negative with the error logged and the
	 * list untouched. */
	int (*load)(void *context, struct section_list *list);

	/* Frees what load() made. */
	void (*release)(void *context, struct section_list *list);

	/* The life of one section, in its worker; the exit status. */
	int (*run)(void *context, const struct section *section, struct worker *worker);
};

/* Runs until stopped; `first` is a loaded list, released by the supervisor. `booted` is called
 * once: with STATUS_OK when every worker is ready, or with the status of the first that failed
 * to start, after which the rest is stopped. `forked` is called first in each worker, to drop
 * what is the supervisor's own. Both get `boot`. Returns the program's exit status. */
struct supervisor_boot {
	void (*booted)(void *boot, int status);
	void (*forked)(void *boot);
	void *boot;
};
int supervise(const struct supervised *supervised, struct section_list *first,
	const struct supervisor_boot *boot);

#endif
