/*
 * The checkpoint of a tail section, as its worker saved it. It belongs to who holds the section's
 * lock; anybody may read it.
 */
#ifndef CTL_SAVED_H
#define CTL_SAVED_H

#include "lines/tracker.h"

#include <stdbool.h>
#include <stdint.h>

struct saved {
	char *token;            /* of the handler; NULL: none */
	struct tracker tracker; /* only the records; never looked with */
};

/* `name` as in the configuration. 0; -ENOENT: none; -EBADMSG: damaged or of another version;
 * -EINVAL: no name of a section; or a negative errno. */
int saved_read(int directory, const char *name, struct saved *saved);

/* Whoever writes holds the lock, see saved_lock(). 0 or a negative errno. */
int saved_write(int directory, const char *name, const struct saved *saved);

void saved_free(struct saved *saved);

/* The lock of the section: a descriptor; -EWOULDBLOCK while it is at work; or a negative errno. */
int saved_lock(int directory, const char *name);

/* Removes the checkpoint. 0 or a negative errno. */
int saved_remove(int directory, const char *name);

/* Is this a name that a section can have? */
bool saved_is_name(const char *name);

/* How far the file at a record's path is ahead of it. */
struct lag {
	uint64_t bytes;
	uint64_t seconds; /* since the file changed last; 0 when no bytes are pending */
};

/* False when it cannot be told: another file is at the path, none, or a compressed one. */
bool saved_lag(const struct record *record, uint64_t now_ns, struct lag *lag);

#endif
