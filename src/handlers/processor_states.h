/*
 * The states that a processor leaves from one run to the next, beside its output as
 * OUTPUT.state.0 to .2.
 *
 * A new one takes neither the place of the committed one, which a crash leads back to, nor of
 * the one that it was made from. Each is whole: it gets its name when its run has succeeded.
 */
#ifndef HANDLERS_PROCESSOR_STATES_H
#define HANDLERS_PROCESSOR_STATES_H

#include <stdbool.h>

#define STATES_TOKEN 176 /* room for states_commit() */

struct states {
	const char *output; /* path, the owner's */
	int current;        /* which of them the last run left */
	int committed;      /* which of them the last token names */
};

/* Before the first run ever. */
struct states states_none(const char *output);

/* Goes back to what the token names; NULL: none. False when that is not there any more: then
 * the newest that is there has been taken. */
bool states_resume(struct states *states, const char *token);

/* The current state for reading (empty if there is none), and a new one for writing. The
 * descriptor or a negative errno. */
int states_open_current(const struct states *states);
int states_open_new(const struct states *states);

/* Makes the new one, open as `fd`, durable and current. 0 or a negative errno. */
int states_keep_new(struct states *states, int fd);

/* The current one is committed by this token: one word. 0 or a negative errno. */
int states_commit(struct states *states, char token[STATES_TOKEN]);

#endif
