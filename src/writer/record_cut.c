#include "writer/record_cut.h"

#include <string.h>

size_t record_cut_first(const struct expression *start, const char *data, size_t len)
{
	const char *end = data + len, *newline = memchr(data, '\n', len);

	while (newline) {
		const char *line = newline + 1;

		newline = memchr(line, '\n', (size_t)(end - line));
		if (newline && expression_matches(start, line, (size_t)(newline - line)))
			return (size_t)(line - data);
	}
	return 0;
}

size_t record_cut(const struct expression *start, const char *data, size_t len,
	uint64_t max_records, size_t max_bytes, uint64_t *records)
{
	size_t taken = 0;

	for (*records = 0; *records < max_records; ++*records) {
		size_t record = record_cut_first(start, data + taken, len - taken);

		if (record == 0 || (*records > 0 && taken + record > max_bytes))
			break;
		taken += record;
	}
	return taken;
}
