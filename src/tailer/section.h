/*
 * A tail section at work: read, hand over, commit, checkpoint, in that order and never the other
 * way round. It does not wait: whoever drives it (tailer/loop.h, tailer/once.h) does.
 */
#ifndef TAILER_SECTION_H
#define TAILER_SECTION_H

#include "config/tailer_conf.h"
#include "daemon/stats.h"
#include "tailer/store.h"

enum progress {
	PROGRESS_IDLE,   /* all that is there has been handed over */
	PROGRESS_MORE,   /* there is more to do at once */
	PROGRESS_LATER,  /* the handler asks for time, see section_poll() */
	PROGRESS_FAILED, /* logged; the section is over */
	PROGRESS_DONE,   /* the handler wants no more: save, and the section is over */
};

struct section_state;

/* Locks the section's state, finds its files again and opens its handler. *status is the exit
 * status when NULL is returned, after the reason was logged. `stats` may be NULL. */
struct section_state *section_open(const struct tail_conf *conf, const struct store_place *place,
	struct stats_page *stats, int *status);

/* The files it follows, for looks. */
struct tracker *section_tracker(struct section_state *section);

/* Hands over a bounded amount of every file in turn, at first of the one that the handler held up;
 * with `flush` unterminated last lines too. */
enum progress section_round(struct section_state *section, bool flush);

/* Commits and saves what has been handed over. IDLE, LATER or FAILED. */
enum progress section_save(struct section_state *section);

/* Did the last of those reach the disk? */
bool section_saved(const struct section_state *section);

/* Shows how far it is; once a second is often enough. */
void section_show(const struct section_state *section);

/* When section_save() is due: CLOCK_MONOTONIC, ns; 0: nothing to save. */
uint64_t section_save_due(const struct section_state *section);

/* What to wait for after LATER: a descriptor (or -1) and poll(2) events, and for how long. */
int section_poll(struct section_state *section, short *events, uint64_t *wait_ns);

/* Has the handler work of its own? Then section_poll() tells its descriptor at any time, and
 * section_attend() does the work: IDLE, DONE or FAILED. */
bool section_attends(const struct section_state *section);
enum progress section_attend(struct section_state *section);

/* Has the reader of the handler's pipe left? Logged; without lines to write nothing else would
 * tell. */
bool section_reader_gone(struct section_state *section);

/* SIGHUP: outputs are opened by name again. IDLE, LATER or FAILED. */
enum progress section_reopen(struct section_state *section);

/* Saves nothing. */
void section_close(struct section_state *section);

#endif
