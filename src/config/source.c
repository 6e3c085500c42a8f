#include "config/source.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 8
#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"

enum token { TOKEN_OTHER, TOKEN_STRING, TOKEN_BEFORE_VALUE };

struct scan {
	const char *file;
	char *at; /* the byte to look at next */
	int line;
	enum token last;
	int open[DEPTH_MAX]; /* lines of the braces not closed yet */
	int depth;
};

#define fault(scan, at_line, format, ...)                                                          \
	(log_error("%s:%d: " format, (scan)->file, at_line, ##__VA_ARGS__), -EINVAL)

static void blank_line_comment(struct scan *scan)
{
	while (*scan->at && *scan->at != '\n')
		*scan->at++ = ' ';
}

static int blank_block_comment(struct scan *scan)
{
	char *end = strstr(scan->at + 2, "*/");

	if (!end)
		return fault(scan, scan->line, "this comment is never closed: */ is missing");
	for (; scan->at < end + 2; scan->at++) {
		if (*scan->at == '\n')
			scan->line++;
		else
			*scan->at = ' ';
	}
	return 0;
}

/* ${NAME} or ${NAME:-default}, at the '$'. */
static int scan_variable(struct scan *scan)
{
	char *name = scan->at + 2, *end = name + strcspn(name, "}\n");
	size_t len = strspn(name, LETTERS DIGITS);
	char after = name[len];
	const char *value;

	if (*end != '}' || len == 0 || (after != '}' && strncmp(name + len, ":-", 2) != 0))
		return fault(scan, scan->line,
			"a variable is written ${NAME} or ${NAME:-default}; "
			"a plain \"${\" is written \"\\${\"");
	scan->at = end + 1;
	if (after == ':')
		return 0;
	name[len] = '\0';
	value = getenv(name);
	if (!value)
		log_error("%s:%d: the environment variable %s is not set; "
			  "${%s:-default} gives it a default",
			scan->file, scan->line, name, name);
	name[len] = after;
	return value ? 0 : -EINVAL;
}

/* \1 to \377 and \x01 to \xff, at the digit or the 'x': libconfuse stops for good at others, and a
 * NUL would end the string unseen. */
static int scan_number_escape(struct scan *scan)
{
	int base = *scan->at == 'x' ? 16 : 8;
	char *digits = scan->at + (base == 16), *end;
	size_t len = strspn(digits, base == 16 ? DIGITS "abcdefABCDEF" : DIGITS);
	char number[4] = "";
	long value;

	if (base == 16 && len > 2)
		len = 2;
	memcpy(number, digits, len < 3 ? len : 3);
	value = strtol(number, &end, base);
	if (len > 3 || *end != '\0' || value > 255)
		return fault(scan, scan->line,
			"an escape with a number is \\1 to \\377 or \\x01 to \\xff, not \\%.*s",
			(int)len, digits);
	if (value == 0)
		return fault(scan, scan->line, "a value cannot hold a NUL byte");
	scan->at = digits + len;
	return 0;
}

/* At the backslash. */
static int scan_escape(struct scan *scan, char quote)
{
	char next = *++scan->at;

	if (next == '\0')
		return 0;
	if (quote == '"' && (strchr(DIGITS, next) ||
				    (next == 'x' && strspn(scan->at + 1, DIGITS "abcdefABCDEF"))))
		return scan_number_escape(scan);
	if (next == '\n')
		scan->line++;
	scan->at++;
	return 0;
}

/* At the opening quote. A string ends on its line, so that a missing quote is found where it is
 * missing. */
static int scan_string(struct scan *scan)
{
	char quote = *scan->at, *start = ++scan->at;
	int error = 0;

	while (!error && *scan->at != quote) {
		if (*scan->at == '\0' || *scan->at == '\n')
			return fault(scan, scan->line,
				"this string is not closed on its line: %c is missing", quote);
		if (*scan->at == '\\')
			error = scan_escape(scan, quote);
		else if (quote == '"' && strncmp(scan->at, "${", 2) == 0)
			error = scan_variable(scan);
		else
			scan->at++;
	}
	if (error)
		return error;
	/* As a key it would end the parsing without a word. */
	if (scan->at == start && scan->last != TOKEN_BEFORE_VALUE)
		return fault(scan, scan->line, "an empty string is neither a key nor a name");
	scan->last = TOKEN_STRING;
	scan->at++;
	return 0;
}

static int scan_word(struct scan *scan)
{
	size_t len = strcspn(scan->at, " \t\n\r#\"'={}()+,*|");

	/* "a|b" would reach into another section, see cfg_getopt() in confuse.h. */
	if (scan->at[len] == '*' || scan->at[len] == '|' ||
		(scan->at[len] == '+' && scan->at[len + 1] != '='))
		return fault(
			scan, scan->line, "a value with '%c' in it needs quotes", scan->at[len]);
	if (scan->at[len] == '{' && len > 0 && scan->at[len - 1] == '$')
		return fault(scan, scan->line, "a value with a variable in it needs double quotes");
	scan->at += len;
	scan->last = TOKEN_OTHER;
	return 0;
}

static int scan_open(struct scan *scan)
{
	if (scan->depth == DEPTH_MAX)
		return fault(scan, scan->line, "braces are nested too deeply");
	scan->open[scan->depth++] = scan->line;
	return 0;
}

static int scan_punctuation(struct scan *scan)
{
	char mark = *scan->at;
	int error = 0;

	if (mark == '{')
		error = scan_open(scan);
	else if (mark == '}' && scan->depth-- == 0)
		error = fault(scan, scan->line, "this } closes nothing");
	else if (mark == '=' && scan->last == TOKEN_STRING)
		error = fault(scan, scan->line, "a key is written without quotes");
	if (mark == '=' || mark == ',')
		scan->last = TOKEN_BEFORE_VALUE;
	else if (mark != '{' || scan->last != TOKEN_BEFORE_VALUE) /* the { of a list stays so */
		scan->last = TOKEN_OTHER;
	scan->at++;
	return error;
}

static bool at_line_comment(const struct scan *scan)
{
	return *scan->at == '#' || strncmp(scan->at, "//", 2) == 0;
}

static int scan_token(struct scan *scan)
{
	if (strchr(" \t\r\n", *scan->at)) {
		scan->line += *scan->at == '\n';
		scan->at++;
		return 0;
	}
	if (at_line_comment(scan)) {
		blank_line_comment(scan);
		return 0;
	}
	if (strncmp(scan->at, "/*", 2) == 0)
		return blank_block_comment(scan);
	if (*scan->at == '"' || *scan->at == '\'')
		return scan_string(scan);
	if (strncmp(scan->at, "+=", 2) == 0)
		scan->at++;
	if (strchr("{}=,()", *scan->at))
		return scan_punctuation(scan);
	return scan_word(scan);
}

static int scan_text(const char *file, char *text)
{
	struct scan scan = { .file = file, .at = text, .line = 1 };

	/* As some editors leave it: nobody would see it in a message about the first key. */
	if (strncmp(text, BYTE_ORDER_MARK, 3) == 0)
		memset(text, ' ', 3);
	while (*scan.at) {
		int error = scan_token(&scan);

		if (error)
			return error;
	}
	if (scan.depth > 0)
		return fault(&scan, scan.open[scan.depth - 1], "this { is never closed");
	return 0;
}

static int line_of(const char *text, const char *place)
{
	int line = 1;

	for (; text < place; text++)
		line += *text == '\n';
	return line;
}

static const char *load_reason(int error)
{
	switch (error) {
	case -EINVAL:
		return "not a regular file";
	case -EFBIG:
		return "larger than 1 MiB";
	default:
		return reason(error);
	}
}

int source_load(const char *file, char **text, size_t *len)
{
	char *data, *nul;
	size_t size;
	int error = file_load(file, SOURCE_SIZE_MAX, &data, &size);

	if (error) {
		log_error("%s: %s", file, load_reason(error));
		return error;
	}
	nul = memchr(data, '\0', size);
	if (nul) {
		log_error("%s:%d: a NUL byte", file, line_of(data, nul));
		error = -EINVAL;
	} else {
		error = scan_text(file, data);
	}
	if (error) {
		free(data);
		return error;
	}
	*text = data;
	*len = size;
	return 0;
}
