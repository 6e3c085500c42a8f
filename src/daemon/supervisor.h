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

#include "daemon/pidfile.h"
#include "daemon/section_list.h"
#include "daemon/worker.h"

#include <stddef.h>
#include <stdint.h>

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

/* Runs until SIGTERM, SIGINT or the end of all sections; `first` is a loaded list, released by the
 * supervisor. When every worker is ready, detach_done() is told so with STATUS_OK and `*boot_fd`
 * becomes -1 (it is -1 in the foreground from the start). If one fails to start before that, all
 * are stopped and the status of that one is returned. Workers give `pidfile` up, keep their
 * state in the directory `state`, whatever a later configuration says, and have a page of `stats`
 * each. Returns the program's exit status. */
int supervise(const struct supervised *supervised, struct section_list *first,
	struct pidfile *pidfile, const char *state, struct stats *stats, int *boot_fd);

#endif
