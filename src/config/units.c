#include "config/units.h"

#include "base/clock.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct unit {
	const char *name;
	uint64_t size;
};

static const struct unit durations[] = {
	{ "", NS_PER_S },
	{ "s", NS_PER_S },
	{ "ms", NS_PER_MS },
	{ "us", NS_PER_US },
	{ "ns", 1 },
	{ "m", 60 * NS_PER_S },
	{ "h", 3600 * NS_PER_S },
	{ "d", 86400 * NS_PER_S },
	{ NULL, 0 },
};

static const struct unit sizes[] = {
	{ "", 1 },
	{ "k", 1024 },
	{ "K", 1024 },
	{ "M", 1024 * 1024 },
	{ "G", 1024 * 1024 * 1024 },
	{ NULL, 0 },
};

static uint64_t unit_size(const struct unit *units, const char *name)
{
	for (; units->name; units++)
		if (strcmp(units->name, name) == 0)
			return units->size;
	return 0;
}

/* The digits at *text times `unit`, added to *sum; *text then stands behind them. */
static int add_whole(const char **text, uint64_t unit, uint64_t *sum)
{
	uint64_t number = 0;

	for (; isdigit((unsigned char)**text); (*text)++)
		if (__builtin_mul_overflow(number, UINT64_C(10), &number) ||
			__builtin_add_overflow(number, (uint64_t)(**text - '0'), &number))
			return -ERANGE;
	if (__builtin_mul_overflow(number, unit, &number) ||
		__builtin_add_overflow(*sum, number, sum) || *sum > INT64_MAX)
		return -ERANGE;
	return 0;
}

/* The decimals in `digits`, each worth a tenth of the one before; beyond a nanosecond they are cut
 * off, which must not make a zero of something. */
static int add_decimals(const char *digits, size_t count, uint64_t unit, uint64_t *sum)
{
	unsigned __int128 value = 0, scale = 1;
	uint64_t whole = *sum;

	for (size_t i = 0; i < count && i < 18; i++) {
		value = value * 10 + (unsigned)(digits[i] - '0');
		scale *= 10;
	}
	*sum = whole + (uint64_t)(value * unit / scale);
	if (*sum > INT64_MAX || (*sum == 0 && strspn(digits, "0") < count))
		return -ERANGE;
	return 0;
}

int duration_parse(const char *text, uint64_t *ns)
{
	size_t whole, decimals = 0, point = 0;
	const char *digits;
	uint64_t unit, sum = 0;
	bool negative = *text == '-';
	int error;

	digits = text += negative;
	whole = strspn(text, "0123456789");
	if (text[whole] == '.') {
		point = 1;
		decimals = strspn(text + whole + 1, "0123456789");
	}
	unit = unit_size(durations, text + whole + point + decimals);
	if (whole + decimals == 0 || unit == 0)
		return -EINVAL;
	if (negative)
		return -ERANGE;
	error = add_whole(&digits, unit, &sum);
	if (!error)
		error = add_decimals(text + whole + point, decimals, unit, &sum);
	if (!error)
		*ns = sum;
	return error;
}

int size_parse(const char *text, uint64_t *bytes)
{
	size_t digits;
	uint64_t unit, sum = 0;
	bool negative = *text == '-';
	int error;

	text += negative;
	digits = strspn(text, "0123456789");
	unit = unit_size(sizes, text + digits);
	if (digits == 0 || unit == 0)
		return -EINVAL;
	if (negative)
		return -ERANGE;
	error = add_whole(&text, unit, &sum);
	if (!error)
		*bytes = sum;
	return error;
}

/* `ns` in this unit, with as many decimals as it takes; the unit is at most a second. */
static void format_decimal(uint64_t ns, const struct unit *unit, char *text, size_t size)
{
	char decimals[32];
	int len = snprintf(decimals, sizeof(decimals), "%09" PRIu64,
		ns % unit->size * (NS_PER_S / unit->size));

	while (len > 0 && decimals[len - 1] == '0')
		len--;
	snprintf(text, size, "%" PRIu64 "%s%.*s%s", ns / unit->size, len ? "." : "", len, decimals,
		unit->name);
}

void duration_format(uint64_t ns, char *text)
{
	char candidate[32];

	format_decimal(ns, &durations[0], text, sizeof(candidate));
	for (const struct unit *unit = durations + 1; ns && unit->name; unit++) {
		if (unit->size <= NS_PER_S)
			format_decimal(ns, unit, candidate, sizeof(candidate));
		else if (ns % unit->size == 0)
			snprintf(candidate, sizeof(candidate), "%" PRIu64 "%s", ns / unit->size,
				unit->name);
		else
			continue;
		if (strlen(candidate) < strlen(text))
			memcpy(text, candidate, sizeof(candidate));
	}
}

void size_format(uint64_t bytes, char *text)
{
	const char *unit = "\0kMG";

	if (bytes)
		unit++;
	if (bytes == 0 || bytes % 1024) {
		snprintf(text, 32, "%" PRIu64, bytes);
		return;
	}
	for (bytes /= 1024; unit[1] && bytes % 1024 == 0; unit++)
		bytes /= 1024;
	snprintf(text, 32, "%" PRIu64 "%c", bytes, *unit);
}
