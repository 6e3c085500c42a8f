/* Where the daemons show how they stand, and keep how far they have come. */
#ifndef CTL_PLACES_H
#define CTL_PLACES_H

#include <stdbool.h>
#include <stddef.h>

struct places {
	char **stats; /* .stats files */
	size_t count;
	char *state; /* directory of the checkpoints; NULL: where each .stats file says */
};

/* Each is copied. 0 or -ENOMEM. */
int places_add_stats(struct places *places, const char *path);
int places_set_state(struct places *places, const char *path);

/* Those of a tailer.conf(5) or writer.conf(5); false after logging what is wrong. */
bool places_of_config(struct places *places, const char *file);

/* Adds the .stats files of both daemons if there are none: this user's own, or the system's where
 * that user runs none. False after logging. */
bool places_complete(struct places *places);

/* The directory of the tail sections' checkpoints: as set, or where the tailer's .stats file says,
 * or the default. The caller's to free; NULL after logging. */
char *places_state(const struct places *places);

void places_free(struct places *places);

#endif
