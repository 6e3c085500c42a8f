#include "writer/cut.h"

#include <string.h>

/* Blocks of a fixed size let the compiler count with vector instructions. */
#define BLOCK 128

uint64_t cut_count(const char *data, size_t len)
{
	uint64_t count = 0;

	for (; len >= BLOCK; data += BLOCK, len -= BLOCK) {
		unsigned char in_block = 0;

		for (size_t i = 0; i < BLOCK; i++)
			in_block = (unsigned char)(in_block + (data[i] == '\n'));
		count += in_block;
	}
	for (size_t i = 0; i < len; i++)
		count += data[i] == '\n';
	return count;
}

size_t cut_whole(const char *data, size_t len)
{
	const char *last = memrchr(data, '\n', len);

	return last ? (size_t)(last - data) + 1 : 0;
}

static size_t first_line(const char *data, size_t len)
{
	const char *end = memchr(data, '\n', len);

	return end ? (size_t)(end - data) + 1 : 0;
}

static size_t cut_some(
	const char *data, size_t len, uint64_t max_lines, size_t max_bytes, uint64_t *lines)
{
	size_t taken = 0;

	for (*lines = 0; *lines < max_lines; ++*lines) {
		size_t line = first_line(data + taken, len - taken);

		if (line == 0 || (*lines > 0 && taken + line > max_bytes))
			break;
		taken += line;
	}
	return taken;
}

size_t cut_lines(
	const char *data, size_t len, uint64_t max_lines, size_t max_bytes, uint64_t *lines)
{
	size_t taken = cut_whole(data, len < max_bytes ? len : max_bytes);

	/* A line takes a byte at least: then the number of lines is no limit. */
	if (taken > 0 && taken <= max_lines) {
		*lines = cut_count(data, taken);
		return taken;
	}
	return cut_some(data, len, max_lines, max_bytes, lines);
}
