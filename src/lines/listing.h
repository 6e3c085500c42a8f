/*
 * The names in the directory that was listed last: ten thousand logs in one directory must not mean
 * as many readings of it.
 */
#ifndef LINES_LISTING_H
#define LINES_LISTING_H

#include <stddef.h>
#include <time.h>

/* All zeros at first. */
struct listing {
	char *directory;
	struct timespec mtime; /* of the directory; 0: not to be relied on */
	char **names;          /* sorted */
	size_t count;
};

/* Makes it the listing of the directory `path` (ends with a slash), read anew if that has
 * changed. 0 or a negative errno. */
int listing_refresh(struct listing *listing, const char *path);

/* Position of the first name whose first `len` bytes are not before those of `name`. */
size_t listing_lower_bound(const struct listing *listing, const char *name, size_t len);

void listing_free(struct listing *listing);

#endif
