#include "lines/stamp.h"

#include "base/clock.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define STAMP_LENGTH_MAX 64
#define SEARCHED 128 /* bytes from the line's beginning where a stamp may begin */
#define ANY "auto"
#define EPOCH "%s%f"
#define HDFS "%y%m%d %H%M%S"
#define HDFS_DIGITS 6 /* of the date; strptime(3) would take any numbers with blanks between */

struct known {
	const char *name, *format;
};

/* One name may have several; "auto" tries them in this order. */
static const struct known known_formats[] = {
	{ "rfc5424", "%Y-%m-%dT%H:%M:%S%f%z" },
	{ "rfc5424", "%Y-%m-%dT%H:%M:%S%f" },
	{ "iso8601", "%Y-%m-%dT%H:%M:%S%f%z" },
	{ "iso8601", "%Y-%m-%dT%H:%M:%S%f" },
	{ "log4j", "%Y-%m-%d %H:%M:%S%f" },
	{ "apache", "%d/%b/%Y:%H:%M:%S %z" },
	{ "nginx", "%d/%b/%Y:%H:%M:%S %z" },
	{ "nginx-error", "%Y/%m/%d %H:%M:%S" },
	{ "apache-error", "%a %b %d %H:%M:%S%f %Y" },
	{ "rfc3164", "%b %e %H:%M:%S" },
	{ "epoch", EPOCH },
	{ "hdfs", HDFS },
};

#define KNOWN_COUNT (sizeof(known_formats) / sizeof(*known_formats))

const char stamp_format_names[] = "rfc3164, rfc5424, iso8601, log4j, apache, apache-error, nginx, "
				  "nginx-error, hdfs, epoch";

static bool is_name(const char *text)
{
	for (size_t i = 0; i < KNOWN_COUNT; i++)
		if (strcmp(known_formats[i].name, text) == 0)
			return true;
	return strcmp(text, ANY) == 0;
}

bool stamp_format_valid(const char *text)
{
	return is_name(text) || strchr(text, '%');
}

static bool tells_year(const char *format)
{
	return strstr(format, "%Y") || strstr(format, "%y") || strstr(format, "%s") ||
	       strstr(format, "%F") || strstr(format, "%D") || strstr(format, "%c");
}

static void set_format(struct stamp_format *stamp, const char *format)
{
	stamp->format = format;
	stamp->has_year = tells_year(format);
}

void stamp_format_init(struct stamp_format *stamp, const char *text)
{
	*stamp = (struct stamp_format){ .name = text };
	if (!is_name(text))
		set_format(stamp, text);
}

/* Digits as a fraction of a second. */
static const char *parse_fraction(const char *text, int64_t *ns)
{
	int64_t worth = (int64_t)NS_PER_S / 10;

	*ns = 0;
	if ((*text == '.' || *text == ',') && isdigit((unsigned char)text[1]))
		text++;
	for (; isdigit((unsigned char)*text); text++, worth /= 10)
		*ns += (*text - '0') * worth;
	return text;
}

/* Seconds, or milli-, micro- or nanoseconds by the number of digits: 10, 13, 16 or 19. */
static const char *parse_epoch(const char *text, int64_t *ns)
{
	size_t digits = strspn(text, "0123456789");
	int64_t number = 0;

	if (digits != 10 && digits != 13 && digits != 16 && digits != 19)
		return NULL;
	for (size_t i = 0; i < digits; i++)
		if (__builtin_mul_overflow(number, 10, &number) ||
			__builtin_add_overflow(number, text[i] - '0', &number))
			return NULL;
	for (size_t i = digits; i < 19; i += 3)
		number *= 1000;
	*ns = number;
	return text + digits;
}

static const char *parse_part(const char *text, const char *format, size_t len, struct tm *time)
{
	char part[STAMP_LENGTH_MAX * 2];

	if (len >= sizeof(part))
		return NULL;
	memcpy(part, format, len);
	part[len] = '\0';
	return strptime(text, part, time);
}

/* Around the %f. */
static const char *parse_calendar(const char *text, const char *format, int64_t *ns)
{
	const char *fraction = strstr(format, "%f");
	size_t before = fraction ? (size_t)(fraction - format) : strlen(format);
	/* A leap year, so that February may have 29 days where the year is not told. */
	struct tm time = { .tm_year = 72, .tm_mday = 1 };
	int64_t part = 0, seconds;

	text = parse_part(text, format, before, &time);
	if (text && fraction) {
		text = parse_fraction(text, &part);
		text = parse_part(text, fraction + 2, strlen(fraction + 2), &time);
	}
	if (!text)
		return NULL;
	seconds = time.tm_gmtoff; /* timegm() clears it */
	seconds = timegm(&time) - seconds;
	if (__builtin_mul_overflow(seconds, (int64_t)NS_PER_S, ns) ||
		__builtin_add_overflow(*ns, part, ns))
		return NULL;
	return text;
}

static const char *parse(const char *text, const char *format, int64_t *ns)
{
	const char *end;
	int64_t part;

	if (strcmp(format, HDFS) == 0 && strspn(text, "0123456789") != HDFS_DIGITS)
		return NULL;
	if (strncmp(format, "%s", 2) != 0)
		return parse_calendar(text, format, ns);
	end = parse_epoch(text, ns);
	if (!end || strcmp(format, EPOCH) != 0)
		return end;
	end = parse_fraction(end, &part);
	*ns += part;
	return end;
}

static bool parse_at(const char *format, const char *line, size_t len, size_t at, int64_t *ns,
	struct range *where)
{
	char text[STAMP_LENGTH_MAX + 1];
	size_t length = len - at < STAMP_LENGTH_MAX ? len - at : STAMP_LENGTH_MAX;
	const char *end;

	memcpy(text, line + at, length);
	text[length] = '\0';
	end = parse(text, format, ns);
	/* A number that goes on is no stamp's end. */
	if (!end || end == text ||
		(isdigit((unsigned char)*end) && isdigit((unsigned char)end[-1])))
		return false;
	*where = (struct range){ .begin = at, .end = at + (size_t)(end - text) };
	return true;
}

static bool begins_word(const char *line, size_t at)
{
	return isgraph((unsigned char)line[at]) &&
	       (at == 0 || !isalnum((unsigned char)line[at - 1]) ||
		       !isalnum((unsigned char)line[at]));
}

static bool search(
	const char *format, const char *line, size_t len, int64_t *ns, struct range *where)
{
	for (size_t at = 0; at < len && at < SEARCHED; at++)
		if (begins_word(line, at) && parse_at(format, line, len, at, ns, where))
			return true;
	return false;
}

static bool find_column(uint32_t column, const char *line, size_t len, size_t *at)
{
	size_t i = 0;

	for (;; column--) {
		while (i < len && isspace((unsigned char)line[i]))
			i++;
		if (column <= 1 || i == len)
			break;
		while (i < len && !isspace((unsigned char)line[i]))
			i++;
	}
	*at = i;
	return i < len;
}

static bool find(const struct stamp_format *stamp, const char *format, const char *line, size_t len,
	int64_t *ns, struct range *where)
{
	size_t at;

	if (stamp->pattern)
		return expression_find(stamp->pattern, line, len, where) &&
		       parse_at(format, line, where->end, where->begin, ns, where);
	if (stamp->column > 0)
		return find_column(stamp->column, line, len, &at) &&
		       parse_at(format, line, len, at, ns, where);
	return search(format, line, len, ns, where);
}

bool stamp_find(
	struct stamp_format *stamp, const char *line, size_t len, int64_t *ns, struct range *where)
{
	if (stamp->format)
		return find(stamp, stamp->format, line, len, ns, where);
	for (size_t i = 0; i < KNOWN_COUNT; i++) {
		const struct known *known = &known_formats[i];

		if ((strcmp(stamp->name, ANY) == 0 || strcmp(stamp->name, known->name) == 0) &&
			find(stamp, known->format, line, len, ns, where)) {
			set_format(stamp, known->format);
			return true;
		}
	}
	return false;
}

/* Writing */

/* `digits` of a fraction of a second, as many as there were. */
static void write_fraction(char *text, size_t digits, uint64_t ns)
{
	for (; digits > 0; digits--, text++) {
		ns = ns % NS_PER_S * 10;
		*text = (char)('0' + ns / NS_PER_S);
	}
}

static void write_epoch(char *text, size_t digits, uint64_t now_ns)
{
	char number[32];

	snprintf(number, sizeof(number), "%019" PRIu64, now_ns);
	memcpy(text, number, digits); /* 10, 13, 16 or 19: the first ones */
}

/* Writes the time in the part of a format over what was parsed by it, if it takes the same room. */
static bool write_part(
	char *text, size_t len, const char *format, size_t format_len, const struct tm *time)
{
	char part[STAMP_LENGTH_MAX * 2], written[STAMP_LENGTH_MAX * 2];

	memcpy(part, format, format_len);
	part[format_len] = '\0';
	if (format_len == 0)
		return len == 0;
	if (clock_format(written, sizeof(written), part, time) != len)
		return false;
	memcpy(text, written, len);
	return true;
}

/* The zone stays the one that is written there. */
static void tell_time(uint64_t now_ns, bool has_zone, long gmtoff, struct tm *time)
{
	time_t seconds = (time_t)(now_ns / NS_PER_S);

	if (has_zone) {
		seconds += gmtoff;
		gmtime_r(&seconds, time);
	} else {
		localtime_r(&seconds, time);
	}
}

static bool write_calendar(char *text, const char *format, uint64_t now_ns)
{
	const char *fraction = strstr(format, "%f"), *zone = strstr(format, "%z");
	size_t before = fraction ? (size_t)(fraction - format)
			: zone   ? (size_t)(zone - format)
				 : strlen(format);
	const char *rest = format + before + (fraction ? 2 : 0);
	size_t rest_len = zone ? (size_t)(zone - rest) : strlen(rest);
	struct tm old = { .tm_mday = 1 }, now;
	const char *middle = parse_part(text, format, before, &old), *behind, *end;
	int64_t unused;

	if (!middle || (zone && zone[2]))
		return false;
	behind = fraction ? parse_fraction(middle, &unused) : middle;
	end = parse_part(behind, rest, rest_len, &old);
	if (!end || (zone && !parse_part(end, zone, 2, &old)))
		return false;
	tell_time(now_ns, zone != NULL, old.tm_gmtoff, &now);
	if (!write_part(text, (size_t)(middle - text), format, before, &now) ||
		!write_part(text + (behind - text), (size_t)(end - behind), rest, rest_len, &now))
		return false;
	if (middle < behind && !isdigit((unsigned char)*middle))
		middle++;
	write_fraction(text + (middle - text), (size_t)(behind - middle), now_ns);
	return true;
}

bool stamp_rewrite(
	const struct stamp_format *stamp, char *line, const struct range *where, uint64_t now_ns)
{
	char text[STAMP_LENGTH_MAX + 1];
	size_t len = where->end - where->begin, digits;

	if (!stamp->format || len > STAMP_LENGTH_MAX)
		return false;
	memcpy(text, line + where->begin, len);
	text[len] = '\0';
	if (strncmp(stamp->format, "%s", 2) == 0) {
		digits = strspn(text, "0123456789");
		write_epoch(text, digits, now_ns);
		if (len > digits + 1)
			write_fraction(text + digits + 1, len - digits - 1, now_ns);
	} else if (!write_calendar(text, stamp->format, now_ns)) {
		return false;
	}
	memcpy(line + where->begin, text, len);
	return true;
}
