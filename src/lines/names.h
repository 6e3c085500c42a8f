/* What a section names: a path, or a glob(7) of paths. */
#ifndef LINES_NAMES_H
#define LINES_NAMES_H

#include <stdbool.h>
#include <time.h>

struct names {
	const char *glob;
	bool literal;
	char *directory;      /* NULL: has wildcards itself */
	struct timespec seen; /* its mtime when it was last searched; 0: search it */
};

/* `text` is absolute and stays the caller's. 0 or -ENOMEM. */
int names_init(struct names *names, const char *text);

/* As names_init(), but no byte of it is a wildcard. */
int names_init_path(struct names *names, const char *path);

void names_free(struct names *names);

/* May there be new names since the last call? */
bool names_has_news(struct names *names);

/* Is this path named? */
bool names_cover(const struct names *names, const char *path);

#endif
