#include "config/paths.h"
#include "base/file.h"

#include <string.h>
#include <sys/stat.h>

void path_tidy(char *path)
{
	char *to = path;

	for (const char *from = path; *from;) {
		size_t part;

		from += strspn(from, "/");
		part = strcspn(from, "/");
		if (part > 0 && !(part == 1 && *from == '.')) {
			*to++ = '/';
			memmove(to, from, part);
			to += part;
		}
		from += part;
	}
	if (to == path)
		*to++ = '/';
	*to = '\0';
}

bool path_same(const char *a, const char *b)
{
	struct stat sa, sb;

	if (strcmp(a, b) == 0)
		return true;
	return stat(a, &sa) == 0 && stat(b, &sb) == 0 && file_is_same(&sa, &sb);
}
