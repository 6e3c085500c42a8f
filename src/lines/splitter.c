#include "lines/splitter.h"

#include <string.h>

size_t line_bytes(const struct lk_line *line)
{
	return line->len + ((line->flags & LK_LINE_NEWLINE) ? 1 : 0);
}

static size_t skip_rest_of_line(const char *bytes, size_t len, bool *discarding)
{
	const char *newline = memchr(bytes, '\n', len);

	if (!newline)
		return len;
	*discarding = false;
	return (size_t)(newline - bytes) + 1;
}

/* The first max_line bytes of a longer line; how many of them are done with. */
static size_t split_long(
	const struct splitter *splitter, const char *bytes, uint64_t offset, struct split *split)
{
	struct lk_line *line = &splitter->lines[split->count];

	*line = (struct lk_line){ bytes, splitter->max_line, offset, LK_LINE_CONTINUES };
	split->long_lines++;
	if (splitter->long_line != LONG_LINE_SPLIT) {
		line->flags = LK_LINE_TRUNCATED;
		split->discarding = true;
	}
	if (splitter->long_line != LONG_LINE_SKIP)
		split->count++;
	return splitter->max_line;
}

void split_lines(const struct splitter *splitter, const char *bytes, size_t len, uint64_t offset,
	struct split *split)
{
	const size_t longest = splitter->max_line;
	size_t at = 0;

	split->count = 0;
	split->long_lines = 0;
	while (at < len && split->count < splitter->capacity) {
		const char *start = bytes + at, *newline;
		size_t left = len - at;

		if (split->discarding) {
			at += skip_rest_of_line(start, left, &split->discarding);
			continue;
		}
		newline = memchr(start, '\n', left > longest ? longest + 1 : left);
		if (newline) {
			size_t line = (size_t)(newline - start);

			splitter->lines[split->count++] =
				(struct lk_line){ start, line, offset + at, LK_LINE_NEWLINE };
			at += line + 1;
		} else if (left > longest) {
			at += split_long(splitter, start, offset + at, split);
		} else {
			break;
		}
	}
	split->consumed = at;
}
