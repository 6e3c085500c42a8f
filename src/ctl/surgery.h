/* A change to the checkpoint of a section whose lock is held. Logs what it did and what is wrong.
 */
#ifndef CTL_SURGERY_H
#define CTL_SURGERY_H

#include "lines/content.h"
#include "lines/place.h"

#include <stdbool.h>
#include <stdint.h>

struct surgery {
	char *path;  /* absolute; NULL: all of them */
	bool forget; /* else it is put to `offset` */
	uint64_t offset;
	/* Filled by surgery_open(). */
	struct content *content;
	struct stat st;
	struct place place;
};

/* Opens the file at `path` and takes the place at `offset` there. The exit status. */
int surgery_open(struct surgery *surgery);
void surgery_close(struct surgery *surgery);

/* `force`: also where no line begins, also for a path that is not known. The exit status. */
int surgery_run(const struct surgery *surgery, int directory, const char *section, bool force);

#endif
