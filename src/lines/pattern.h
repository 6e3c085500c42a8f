/* What a section names: a path, or a glob(7) of paths. */
#ifndef LINES_PATTERN_H
#define LINES_PATTERN_H

#include <stdbool.h>
#include <time.h>

struct pattern {
	const char *glob;
	bool literal;
	char *directory;      /* NULL: has wildcards itself */
	struct timespec seen; /* its mtime when it was last searched; 0: search it */
};

/* `text` is absolute and stays the caller's. 0 or -ENOMEM. */
int pattern_init(struct pattern *pattern, const char *text);
void pattern_free(struct pattern *pattern);

/* May there be new names since the last call? */
bool pattern_has_news(struct pattern *pattern);

/* Is this path named? */
bool pattern_names(const struct pattern *pattern, const char *path);

#endif
