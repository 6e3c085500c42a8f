#include "ctl/escape.h"

#include <stdbool.h>
#include <string.h>

static bool is_continuation(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

/* The second byte tells overlong forms, surrogates and what is beyond U+10FFFF. */
static bool is_second(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0 && second <= 0xbf;
	case 0xed:
		return second >= 0x80 && second <= 0x9f;
	case 0xf0:
		return second >= 0x90 && second <= 0xbf;
	case 0xf4:
		return second >= 0x80 && second <= 0x8f;
	default:
		return is_continuation(second);
	}
}

size_t escape_utf8_length(const char *bytes, size_t len)
{
	const unsigned char *b = (const unsigned char *)bytes;
	size_t wanted;

	if (len == 0)
		return 0;
	if (b[0] < 0x80)
		return 1;
	if (b[0] < 0xc2 || b[0] > 0xf4)
		return 0;
	wanted = b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : 4;
	if (wanted > len || !is_second(b[0], b[1]))
		return 0;
	for (size_t i = 2; i < wanted; i++)
		if (!is_continuation(b[i]))
			return 0;
	return wanted;
}

/* C0, DEL and C1, which terminals obey. */
static bool is_control(const char *character, size_t len)
{
	unsigned char first = (unsigned char)character[0];

	return (len == 1 && (first < ' ' || first == 0x7f)) ||
	       (len == 2 && first == 0xc2 && (unsigned char)character[1] < 0xa0);
}

static void put_hex(FILE *out, const char *backslash, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		fprintf(out, "%sx%02x", backslash, (unsigned char)bytes[i]);
}

/* `special` characters come out with a backslash before them, "\xNN" with `backslash` for it. */
static void put(
	FILE *out, const char *bytes, size_t len, const char *special, const char *backslash)
{
	while (len > 0) {
		size_t n = escape_utf8_length(bytes, len);

		if (n == 0 || is_control(bytes, n)) {
			n = n ? n : 1;
			put_hex(out, backslash, bytes, n);
		} else {
			if (n == 1 && strchr(special, *bytes))
				fputc('\\', out);
			fwrite(bytes, 1, n, out);
		}
		bytes += n;
		len -= n;
	}
}

void escape_terminal(FILE *out, const char *bytes, size_t len)
{
	put(out, bytes, len, "", "\\");
}

void escape_json(FILE *out, const char *text)
{
	fputc('"', out);
	put(out, text, strlen(text), "\"\\", "\\\\");
	fputc('"', out);
}

void escape_label(FILE *out, const char *text)
{
	put(out, text, strlen(text), "\"\\", "\\\\");
}
