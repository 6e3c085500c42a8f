#include "config/text.h"

#include "config/units.h"

#include <inttypes.h>
#include <string.h>

void text_quoted(FILE *out, const char *value)
{
	putc('"', out);
	for (; *value; value++) {
		unsigned char byte = (unsigned char)*value;

		if (strchr("\"\\", byte) || strncmp(value, "${", 2) == 0)
			fprintf(out, "\\%c", byte);
		else if (byte < ' ' || byte == 0x7f)
			fprintf(out, "\\x%02x", byte);
		else
			putc(byte, out);
	}
	putc('"', out);
}

void text_string(FILE *out, const char *key, const char *value)
{
	if (!value)
		return;
	fprintf(out, "\t%s = ", key);
	text_quoted(out, value);
	putc('\n', out);
}

void text_list(FILE *out, const char *key, char *const *values)
{
	if (!values)
		return;
	fprintf(out, "\t%s = {", key);
	for (char *const *value = values; *value; value++) {
		if (value != values)
			fputs(", ", out);
		text_quoted(out, *value);
	}
	fputs("}\n", out);
}

void text_duration(FILE *out, const char *key, uint64_t ns)
{
	char text[32];

	duration_format(ns, text);
	fprintf(out, "\t%s = %s\n", key, text);
}

void text_byte_rate(FILE *out, const char *key, uint64_t bytes_per_second)
{
	char text[32];

	size_format(bytes_per_second, text);
	fprintf(out, "\t%s = \"%s/s\"\n", key, text);
}

void text_speed(FILE *out, const char *key, uint64_t thousandths)
{
	fprintf(out, "\t%s = %" PRIu64 ".%03" PRIu64 "\n", key, thousandths / 1000,
		thousandths % 1000);
}

void text_size(FILE *out, const char *key, size_t bytes)
{
	char text[32];

	size_format(bytes, text);
	fprintf(out, "\t%s = %s\n", key, text);
}

void text_count(FILE *out, const char *key, size_t count)
{
	fprintf(out, "\t%s = %zu\n", key, count);
}

void text_open(FILE *out, const char *kind, const char *title)
{
	fprintf(out, "%s \"%s\" {\n", kind, title);
}

void text_close(FILE *out)
{
	fputs("}\n", out);
}
