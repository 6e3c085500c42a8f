/* What a replay keeps in the state directory, and where it goes on after a restart. */
#ifndef WRITER_REPLAY_STATE_H
#define WRITER_REPLAY_STATE_H

#include "writer/append.h"
#include "writer/source.h"

#include <stdbool.h>
#include <stdint.h>

struct replay_state {
	int directory; /* -1: nothing is kept */
	char name[256];
	uint64_t saved_ns;
	struct position saved;
	bool failing; /* and said so */
	bool altered;
};

/* `altered`: the target's bytes are not the source's, so its growth tells nothing. */
void replay_state_init(
	struct replay_state *state, int directory, const char *section, bool altered);

/* Puts the position to go on at into the batch's `done` and the source there: by the batch file if
 * it survived, else by the checkpoint and what the target has grown by. Logs what is unusual; 0,
 * or a negative errno when the source cannot be read. */
int replay_state_resume(
	const struct replay_state *state, struct source *source, struct append *append);

/* Once a second is often enough: the batch file knows better, until a power cut. */
bool replay_state_is_old(const struct replay_state *state);

/* Saves a checkpoint, if it is another one, after the target's bytes are safe on the disk. */
void replay_state_save(struct replay_state *state, struct source *source,
	const struct target *target, const struct position *done);

#endif
