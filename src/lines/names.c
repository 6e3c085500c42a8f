#include "lines/names.h"
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

int names_init(struct names *names, const char *text)
{
	const char *slash = strrchr(text, '/');

	names->glob = text;
	names->literal = !has_wildcards(text);
	names->directory = strndup(text, slash ? (size_t)(slash - text) + 1 : 0);
	if (!names->directory)
		return -ENOMEM;
	if (has_wildcards(names->directory)) {
		free(names->directory);
		names->directory = NULL;
	}
	return 0;
}

void names_free(struct names *names)
{
	free(names->directory);
}

/* A directory's time tells whether names have come; but not within one tick of the clock. */
bool names_has_news(struct names *names)
{
	struct stat st;
	uint64_t mtime;

	if (!names->directory || stat(names->directory, &st) < 0)
		return true;
	if (st.st_mtim.tv_sec == names->seen.tv_sec && st.st_mtim.tv_nsec == names->seen.tv_nsec)
		return false;
	mtime = clock_ns(&st.st_mtim);
	if (mtime + FILE_TICK_NS < clock_realtime_ns())
		names->seen = st.st_mtim;
	return true;
}

bool names_cover(const struct names *names, const char *path)
{
	return strcmp(names->glob, path) == 0 ||
	       fnmatch(names->glob, path, FNM_PATHNAME | FNM_PERIOD) == 0;
}
