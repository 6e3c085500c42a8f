/* A regular expression of PCRE2, see pcre2pattern(3), over lines of any bytes. */
#ifndef LINES_PATTERN_H
#define LINES_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

struct pattern;

/* Where something was found: bytes [begin, end). */
struct range {
	size_t begin, end;
};

/* 0; -ENOMEM; -EINVAL: `message` says what is wrong and where. */
int pattern_compile(const char *text, struct pattern **pattern, char *message, size_t size);

/* The first match in `line`: what its first group has matched, or all of it if there is none. */
bool pattern_find(const struct pattern *pattern, const char *line, size_t len, struct range *range);

bool pattern_matches(const struct pattern *pattern, const char *line, size_t len);

void pattern_free(struct pattern *pattern);

#endif
