/*
 * How the daemons stand at one moment, told by their .stats files and checkpoints alone: nobody is
 * asked, so it works for a daemon that hangs, too.
 */
#ifndef CTL_SNAPSHOT_H
#define CTL_SNAPSHOT_H

#include "ctl/places.h"
#include "ctl/saved.h"
#include "daemon/stats.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HANGS_NS (2 * STATS_BEAT_NS) /* without a beat for so long */

struct section_view {
	struct stats_page page;
	char kind[16];      /* "tail" */
	const char *name;   /* "app", in the page */
	struct saved saved; /* of a tail section */
	int unsaved;        /* 0: `saved` is there; else why not, as a negative errno */
};

struct daemon_view {
	const char *stats; /* its file */
	char *name;        /* "tailer", of the file's name */
	int error;         /* 0; -ENOENT: no file, it does not run; or why it cannot be read */
	bool alive;
	struct stats_header header;
	struct section_view *sections;
	size_t count;
};

struct snapshot {
	uint64_t now_ns; /* CLOCK_REALTIME */
	uint64_t now_monotonic_ns;
	struct daemon_view *daemons;
	size_t count;
};

/* `places` lives as long as the snapshot. 0 or -ENOMEM. */
int snapshot_take(struct snapshot *snapshot, const struct places *places);
void snapshot_free(struct snapshot *snapshot);

enum daemon_state { DAEMON_RUNNING, DAEMON_HANGS, DAEMON_DEAD, DAEMON_STOPPED, DAEMON_UNKNOWN };
enum daemon_state daemon_state(const struct snapshot *snapshot, const struct daemon_view *daemon);

/* In words: "running", "hangs", "dead", "not running", or why it is not known. */
const char *daemon_state_text(const struct snapshot *snapshot, const struct daemon_view *daemon);

/* Has it not come round its loop for HANGS_NS though it should? */
bool section_hangs(const struct snapshot *snapshot, const struct daemon_view *daemon,
	const struct section_view *section);

/* "running", "starting", "waiting", "hangs", "dead", ... */
const char *section_state_text(const struct snapshot *snapshot, const struct daemon_view *daemon,
	const struct section_view *section);

/* Do its figures count? Those of a worker that is just starting are not defined yet. */
bool section_has_figures(const struct section_view *section);

/* False if the section has no such figure. */
bool section_figure(const struct section_view *section, const char *name, uint64_t *value);

/* The section called "app" or "tail app"? */
bool section_is_named(const struct section_view *section, const char *name);

/* Lines per second: since `before` if that knew this worker, else since the worker started. NAN if
 * it cannot be told. */
double section_rate(const struct snapshot *now, const struct daemon_view *daemon,
	const struct section_view *section, const struct snapshot *before);

/* Nanoseconds from then to now; 0 for what lies ahead, as after the clock was set back. */
uint64_t elapsed_ns(uint64_t now_ns, uint64_t then_ns);

/* How long ago a beat was, and when, by CLOCK_REALTIME; 0: there was none. */
uint64_t silence_ns(const struct snapshot *snapshot, uint64_t beat_ns);
uint64_t beat_time_ns(const struct snapshot *snapshot, uint64_t beat_ns);

#endif
