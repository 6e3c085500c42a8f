/*
 * The .stats file: a header and one page of shared memory for each section, so that anybody can
 * read how the daemon stands without asking it, and also when it hangs. It is locked with flock(2)
 * as long as the daemon lives, and removed when it stops.
 *
 * A page describes itself: each figure carries its name. Names of counters, which only grow, end
 * in "_total"; the others are gauges. Values are single 64-bit words: a reader never sees half of
 * one.
 */
#ifndef DAEMON_STATS_H
#define DAEMON_STATS_H

#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define STATS_VERSION 2
#define STATS_PAGE 8192 /* bytes, the header's too */
#define STATS_PAGES 512 /* sections that are shown; more run unseen */
#define STATS_FIGURES 96
#define STATS_NAME 48
#define STATS_BEAT_NS (5 * NS_PER_S) /* a loop that goes round beats at least so often */

enum stats_state {
	STATS_NONE,
	STATS_STARTING,
	STATS_RUNNING,
	STATS_STOPPING,
	STATS_WAITING,
	STATS_FINISHED
};

struct stats_figure {
	char name[STATS_NAME]; /* "" behind the last one */
	_Atomic uint64_t value;
};

struct stats_page {
	char section[128];           /* "tail app"; "" in an unused page */
	_Atomic uint64_t state;      /* enum stats_state */
	_Atomic uint64_t pid;        /* of the worker; 0: none */
	_Atomic uint64_t started_ns; /* CLOCK_REALTIME, of the worker */
	_Atomic uint64_t restarts;   /* workers that died, since the daemon started */
	_Atomic uint64_t beat_ns;    /* CLOCK_MONOTONIC, when the worker last came round its loop */
	char note[256];              /* what holds the section up; "" when nothing does */
	struct stats_figure figures[STATS_FIGURES];
};

struct stats_header {
	char magic[16]; /* "linekeeper-stats" */
	uint32_t version, page_size;
	char program[64];
	char state_directory[1024];
	_Atomic uint64_t pid;        /* of the daemon */
	_Atomic uint64_t started_ns; /* CLOCK_REALTIME */
	_Atomic uint64_t beat_ns;    /* CLOCK_MONOTONIC, of its event loop */
	_Atomic uint64_t reloads, failed_reloads;
};

struct stats {
	char *path;
	int fd;
	struct stats_header *header; /* the pages follow it */
};

/* "/run/linekeeper/tailer.pid" has "/run/linekeeper/tailer.stats" beside it. The caller's to free;
 * NULL: out of memory. */
char *stats_path(const char *pidfile);

/* Makes the file anew (0644) and locks it. 0 or a negative errno. */
int stats_create(
	struct stats *stats, const char *path, const char *program, const char *state_directory);

/* Unlinks and unmaps; nothing if it was never made. */
void stats_remove(struct stats *stats);

/* The file to read. 0; -ENOENT; -EBADMSG: cut, of another version or no such file at all; or a
 * negative errno. *alive: its daemon is. */
int stats_open(struct stats *stats, const char *path, bool *alive);
void stats_close(struct stats *stats);

/* Copies that hold still; their text ends with NUL, whoever wrote the file. False: beyond the last
 * page, whose number is constant, so that this tells the end. */
void stats_copy_header(const struct stats *stats, struct stats_header *copy);
bool stats_copy_page(const struct stats *stats, size_t index, struct stats_page *copy);

/* NULL beyond the last page. */
struct stats_page *stats_page(const struct stats *stats, size_t index);

/* For a page of NULL, where nobody looks, these do nothing. */
void stats_define(struct stats_page *page, size_t index, const char *name);
void stats_set(struct stats_page *page, size_t index, uint64_t value);
void stats_add(struct stats_page *page, size_t index, uint64_t more);
void stats_beat(struct stats_page *page);
void stats_note(struct stats_page *page, const char *note);

#endif
