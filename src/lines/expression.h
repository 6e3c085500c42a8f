/* A regular expression of PCRE2, see pcre2pattern(3), over lines of any bytes. */
#ifndef LINES_EXPRESSION_H
#define LINES_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>

struct expression;

/* Where something was found: bytes [begin, end). */
struct range {
	size_t begin, end;
};

/* 0; -ENOMEM; -EINVAL: `message` says what is wrong and where. */
int expression_compile(
	const char *text, struct expression **expression, char *message, size_t size);

/* The first match in `line`: what its first group has matched, or all of it if there is none. */
bool expression_find(
	const struct expression *expression, const char *line, size_t len, struct range *range);

bool expression_matches(const struct expression *expression, const char *line, size_t len);

void expression_free(struct expression *expression);

#endif
