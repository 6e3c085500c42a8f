#include "lines/record.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void accounts_add(struct accounts *to, const struct accounts *from)
{
	to->handed += from->handed;
	to->refused += from->refused;
	to->skipped += from->skipped;
	to->lost += from->lost;
	to->reread += from->reread;
	to->gaps += from->gaps;
}

void record_encode(FILE *out, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c <= ' ' || c == '%' || c >= 0x7f)
			fprintf(out, "%%%02x", c);
		else
			fputc(c, out);
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

ssize_t record_decode(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		int high, low;

		if (*from != '%') {
			*to++ = *from;
			continue;
		}
		high = hex_digit(from[1]);
		low = high < 0 ? -1 : hex_digit(from[2]);
		if (low < 0)
			return -EINVAL;
		*to++ = (char)(high << 4 | low);
		from += 2;
	}
	*to = '\0';
	return to - text;
}

/* A copy, decoded; NULL when it is no percent-encoded path, or out of memory. */
static char *decode(const char *text)
{
	char *decoded = strdup(text);
	ssize_t len = decoded ? record_decode(decoded) : -ENOMEM;

	if (len >= 0 && !memchr(decoded, '\0', (size_t)len))
		return decoded;
	free(decoded);
	return NULL;
}

static void write_accounts(FILE *out, const struct accounts *a)
{
	fprintf(out,
		" handed=%" PRIu64 " refused=%" PRIu64 " skipped=%" PRIu64 " lost=%" PRIu64
		" reread=%" PRIu64 " gaps=%" PRIu64,
		a->handed, a->refused, a->skipped, a->lost, a->reread, a->gaps);
}

static void write_stream(FILE *out, const char *stream)
{
	fputs(" stream=", out);
	record_encode(out, stream, strlen(stream));
	fputc('\n', out);
}

void record_write(FILE *out, const struct record *record, const char *stream)
{
	char place[PLACE_TEXT];

	place_format(&record->place, place);
	fprintf(out,
		"file id=%s place=%s size=%" PRIu64 " mtime=%" PRIu64 " discarding=%d nul_run=%d",
		record->id, place, record->size, record->mtime_ns, record->discarding,
		record->nul_run);
	if (record->ended)
		fputs(" ended=1", out);
	write_accounts(out, &record->accounts);
	fputs(" path=", out);
	record_encode(out, record->path, strlen(record->path));
	write_stream(out, stream);
}

void record_write_total(FILE *out, const struct accounts *total, const char *stream)
{
	fputs("total", out);
	write_accounts(out, total);
	write_stream(out, stream);
}

/* The value behind the next " key=", cut off in place; NULL when that is not what comes. */
static char *next_value(char **rest, const char *key)
{
	size_t len = strlen(key);
	char *word = strsep(rest, " ");

	return word && strncmp(word, key, len) == 0 && word[len] == '=' ? word + len + 1 : NULL;
}

static int next_number(char **rest, const char *key, uint64_t *number)
{
	char *value = next_value(rest, key), *end;

	if (!value || !isdigit((unsigned char)*value))
		return -EINVAL;
	errno = 0;
	*number = strtoull(value, &end, 10);
	return *end || errno ? -EINVAL : 0;
}

static int next_flag(char **rest, const char *key, bool *flag)
{
	uint64_t number;

	if (next_number(rest, key, &number) || number > 1)
		return -EINVAL;
	*flag = number == 1;
	return 0;
}

/* A flag that is written only if it is set. */
static int next_option(char **rest, const char *key, bool *flag)
{
	size_t len = strlen(key);

	if (!*rest || strncmp(*rest, key, len) != 0 || (*rest)[len] != '=')
		return 0;
	return next_flag(rest, key, flag);
}

static int next_text(char **rest, const char *key, char **text)
{
	char *value = next_value(rest, key);
	char *decoded = value ? decode(value) : NULL;

	if (!decoded)
		return -EINVAL;
	*text = decoded;
	return 0;
}

static int next_place(char **rest, struct place *place)
{
	char *value = next_value(rest, "place");

	return value ? place_parse(place, value) : -EINVAL;
}

static int next_id(char **rest, char id[RECORD_ID])
{
	char *value = next_value(rest, "id");

	if (!value || strlen(value) >= RECORD_ID)
		return -EINVAL;
	memcpy(id, value, strlen(value) + 1);
	return 0;
}

static int read_accounts(char **rest, struct accounts *a)
{
	if (next_number(rest, "handed", &a->handed) || next_number(rest, "refused", &a->refused) ||
		next_number(rest, "skipped", &a->skipped) || next_number(rest, "lost", &a->lost) ||
		next_number(rest, "reread", &a->reread) || next_number(rest, "gaps", &a->gaps))
		return -EINVAL;
	return 0;
}

int record_read(char *line, struct record *record, char **stream)
{
	struct record read = { 0 };
	char *rest = line, *kind = strsep(&rest, " ");

	if (strcmp(kind, "file") != 0 || next_id(&rest, read.id) ||
		next_place(&rest, &read.place) || next_number(&rest, "size", &read.size) ||
		next_number(&rest, "mtime", &read.mtime_ns) ||
		next_flag(&rest, "discarding", &read.discarding) ||
		next_flag(&rest, "nul_run", &read.nul_run) ||
		next_option(&rest, "ended", &read.ended) || read_accounts(&rest, &read.accounts) ||
		next_text(&rest, "path", &read.path))
		return -EINVAL;
	if (next_text(&rest, "stream", stream)) {
		free(read.path);
		return -EINVAL;
	}
	*record = read;
	return 0;
}

int record_read_total(char *line, struct accounts *total, char **stream)
{
	struct accounts read;
	char *rest = line, *kind = strsep(&rest, " ");

	if (strcmp(kind, "total") != 0 || read_accounts(&rest, &read) ||
		next_text(&rest, "stream", stream))
		return -EINVAL;
	*total = read;
	return 0;
}
