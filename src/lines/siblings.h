/*
 * The rotated siblings of a live log: what logrotate(8) and its like made of it.
 *
 * Without patterns of the user's own these are, in the log's directory, PATH.N and PATH-DATE, for
 * "app.log" also "app-DATE.log" and "app.N.log" (logrotate's `extension`), each with or without
 * an ending of compression.
 */
#ifndef LINES_SIBLINGS_H
#define LINES_SIBLINGS_H

#include "lines/listing.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct sibling {
	char *path;
	struct stat st; /* at the time of listing */
};

struct siblings {
	struct sibling *list; /* oldest first */
	size_t count;
};

/* Lists regular files only. Order: number, then date in the name, then mtime; of a plain file and
 * its compressed twin only the plain one. `patterns` ends with NULL; empty or NULL: see above.
 * 0 or a negative errno, -ESTALE: files were renamed meanwhile; a missing directory has no
 * siblings. */
int siblings_list(const char *live, char *const *patterns, struct listing *listing,
	struct siblings *siblings);

void siblings_free(struct siblings *siblings);

/* Is `path` by its name one of the default siblings of some other log? That log's path, the
 * caller's to free; NULL if not. Called again with the answer's `nth` (0, 1, ...) gives further
 * readings of the name. */
char *siblings_live_name(const char *path, unsigned nth);

#endif
