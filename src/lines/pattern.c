#include "lines/pattern.h"
#include "base/clock.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool has_wildcards(const char *text)
{
	return strpbrk(text, "*?[") != NULL;
}

int pattern_init(struct pattern *pattern, const char *text)
{
	const char *slash = strrchr(text, '/');

	pattern->glob = text;
	pattern->literal = !has_wildcards(text);
	pattern->directory = strndup(text, slash ? (size_t)(slash - text) + 1 : 0);
	if (!pattern->directory)
		return -ENOMEM;
	if (has_wildcards(pattern->directory)) {
		free(pattern->directory);
		pattern->directory = NULL;
	}
	return 0;
}

void pattern_free(struct pattern *pattern)
{
	free(pattern->directory);
}

/* A directory's time tells whether names have come; but not within one tick of the clock. */
bool pattern_has_news(struct pattern *pattern)
{
	struct stat st;
	uint64_t mtime;

	if (!pattern->directory || stat(pattern->directory, &st) < 0)
		return true;
	if (st.st_mtim.tv_sec == pattern->seen.tv_sec &&
		st.st_mtim.tv_nsec == pattern->seen.tv_nsec)
		return false;
	mtime = clock_ns(&st.st_mtim);
	if (mtime + FILE_TICK_NS < clock_realtime_ns())
		pattern->seen = st.st_mtim;
	return true;
}

bool pattern_names(const struct pattern *pattern, const char *path)
{
	return strcmp(pattern->glob, path) == 0 ||
	       fnmatch(pattern->glob, path, FNM_PATHNAME | FNM_PERIOD) == 0;
}
