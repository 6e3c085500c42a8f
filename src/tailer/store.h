/*
 * What a section remembers over its lives: its checkpoint, with the files' places and the handler's
 * token of one instant, under a lock held for life.
 */
#ifndef TAILER_STORE_H
#define TAILER_STORE_H

#include "lines/tracker.h"

#include <linekeeper/handler.h>
#include <stdbool.h>

struct store_place {
	const char *state; /* directory; NULL: nothing is remembered */
	const char *name;  /* of the files there, without their endings */
	bool stays;        /* where the section begins is saved, and never where it goes */

	/* Whether to go on waiting for the lock. NULL: for some seconds, as for a worker that is
	 * about to die. */
	bool (*patient)(void *context);
	void *context;
};

struct store {
	int directory; /* -1: nothing is remembered */
	int lock;
	char *checkpoint;  /* name in the directory */
	bool stays, begun; /* begun: there is a checkpoint */
	int trouble;       /* last errno of saving, reported */
	bool behind;       /* see store_note_behind() */
};

/* Opens the directory and takes the lock. The exit status; what is wrong has been logged, and
 * store_close() is due in any case. */
int store_open(struct store *store, const struct store_place *place);

/* Reads the checkpoint into a tracker that is still empty. 0 with *has_token telling if there was
 * one; -EBADMSG when it is damaged, and has been set aside: the tracker is to be made anew then; or
 * a negative errno. */
int store_load(
	struct store *store, struct tracker *tracker, struct lk_token *token, bool *has_token);

/* Saves; a failure is reported once. 0 or a negative errno. */
int store_save(struct store *store, const struct tracker *tracker, const struct lk_token *token);

/* It could not be saved, and there are files that the last one does not know: a later life is to
 * know that. Until it is saved again. */
void store_note_behind(struct store *store);

void store_close(struct store *store);

#endif
