/* "linekeeperctl checkpoint": where a tail section is in its files, and putting it elsewhere. */
#ifndef CTL_CHECKPOINT_H
#define CTL_CHECKPOINT_H

#include "ctl/places.h"

#include <stdbool.h>
#include <stddef.h>

struct checkpoint_choice {
	const struct places *places;
	char *const *arguments; /* behind "checkpoint" */
	size_t count;
	bool force; /* also where no line begins, also for a path that is not known */
};

/* Returns the exit status. */
int checkpoint_run(const struct checkpoint_choice *choice);

#endif
