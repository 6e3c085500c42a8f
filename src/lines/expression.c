#define PCRE2_CODE_UNIT_WIDTH 8
#include "lines/expression.h"

#include <errno.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct expression {
	pcre2_code *code;
	pcre2_match_data *match;
};

static int refuse(int error, size_t offset, char *message, size_t size)
{
	PCRE2_UCHAR text[128];

	pcre2_get_error_message(error, text, sizeof(text));
	snprintf(message, size, "%s, at byte %zu", (const char *)text, offset);
	return -EINVAL;
}

int expression_compile(const char *text, struct expression **expression, char *message, size_t size)
{
	struct expression *made = calloc(1, sizeof(*made));
	size_t offset;
	int error;

	if (!made)
		return -ENOMEM;
	made->code =
		pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, 0, &error, &offset, NULL);
	if (!made->code) {
		expression_free(made);
		return refuse(error, offset, message, size);
	}
	/* Without executable memory, which a sandbox may forbid, it is only slower. */
	(void)pcre2_jit_compile(made->code, PCRE2_JIT_COMPLETE);
	made->match = pcre2_match_data_create_from_pattern(made->code, NULL);
	if (!made->match) {
		expression_free(made);
		return -ENOMEM;
	}
	*expression = made;
	return 0;
}

bool expression_find(
	const struct expression *expression, const char *line, size_t len, struct range *range)
{
	const size_t *bounds;
	int groups =
		pcre2_match(expression->code, (PCRE2_SPTR)line, len, 0, 0, expression->match, NULL);

	if (groups < 1)
		return false;
	bounds = pcre2_get_ovector_pointer(expression->match);
	if (groups > 1 && bounds[2] != PCRE2_UNSET)
		bounds += 2;
	*range = (struct range){ .begin = bounds[0], .end = bounds[1] };
	return true;
}

bool expression_matches(const struct expression *expression, const char *line, size_t len)
{
	struct range range;

	return expression_find(expression, line, len, &range);
}

void expression_free(struct expression *expression)
{
	if (!expression)
		return;
	pcre2_match_data_free(expression->match);
	pcre2_code_free(expression->code);
	free(expression);
}
