/*
 * How far a replay has come, safe on the disk: the places in source and target that belong
 * together. It may be a second old; what came after it is worked out in resume.h.
 */
#ifndef WRITER_CHECKPOINT_H
#define WRITER_CHECKPOINT_H

#include "lines/place.h"
#include "writer/batch.h"

struct checkpoint {
	struct position position;
	struct place source;
	struct place target; /* its end; of no use when has_target is false */
	bool has_target;
};

/* Both as state_save() and state_load() say. */
int checkpoint_save(int directory, const char *name, const struct checkpoint *checkpoint);
int checkpoint_load(int directory, const char *name, struct checkpoint *checkpoint);

#endif
