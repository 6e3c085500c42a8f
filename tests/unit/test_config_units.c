#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "config/units.h"

#include <errno.h>

#define UNTOUCHED 4711

static uint64_t duration(const char *text)
{
	uint64_t ns = UNTOUCHED;

	assert_int_equal(duration_parse(text, &ns), 0);
	return ns;
}

static void durations_are_read(void **state)
{
	(void)state;
	assert_int_equal(duration("0"), 0);
	assert_int_equal(duration("0.25"), 250 * NS_PER_MS);
	assert_int_equal(duration("1.0"), NS_PER_S);
	assert_int_equal(duration("010"), 10 * NS_PER_S);
	assert_int_equal(duration(".5s"), 500 * NS_PER_MS);
	assert_int_equal(duration("5."), 5 * NS_PER_S);
	assert_int_equal(duration("250ms"), 250 * NS_PER_MS);
	assert_int_equal(duration("10us"), 10 * NS_PER_US);
	assert_int_equal(duration("0.1us"), 100);
	assert_int_equal(duration("7ns"), 7);
	assert_int_equal(duration("1.5m"), 90 * NS_PER_S);
	assert_int_equal(duration("2h"), 7200 * NS_PER_S);
	assert_int_equal(duration("1d"), 86400 * NS_PER_S);
	assert_int_equal(duration("0.333333333333333333333"), 333333333);
	assert_int_equal(duration("0.000000001"), 1);
	assert_int_equal(duration("9223372036.854775807"), INT64_MAX);
}

static void other_durations_are_refused(void **state)
{
	static const char *const invalid[] = { "", "s", ".", ".s", "nan", "inf", "1e3", "0x10",
		"1 s", " 1", "1 ", "+1", "--1", "1,5", "1min", "1S", "1.2.3", "ten", "1s2", NULL };
	static const char *const range[] = { "-1", "-0.5s", "9223372036.854775808", "106752d",
		"99999999999999999999999", "0.0000000001", "0.5ns", NULL };
	uint64_t ns = UNTOUCHED;

	(void)state;
	for (const char *const *text = invalid; *text; text++)
		if (duration_parse(*text, &ns) != -EINVAL)
			fail_msg("\"%s\" was not refused", *text);
	for (const char *const *text = range; *text; text++)
		if (duration_parse(*text, &ns) != -ERANGE)
			fail_msg("\"%s\" was not out of range", *text);
	assert_int_equal(ns, UNTOUCHED);
}

static uint64_t size(const char *text)
{
	uint64_t bytes = UNTOUCHED;

	assert_int_equal(size_parse(text, &bytes), 0);
	return bytes;
}

static void sizes_are_read(void **state)
{
	(void)state;
	assert_int_equal(size("0"), 0);
	assert_int_equal(size("010"), 10);
	assert_int_equal(size("65536"), 65536);
	assert_int_equal(size("64k"), 65536);
	assert_int_equal(size("64K"), 65536);
	assert_int_equal(size("1M"), 1 << 20);
	assert_int_equal(size("3G"), UINT64_C(3) << 30);
}

static void other_sizes_are_refused(void **state)
{
	static const char *const invalid[] = { "", "k", "1.5M", "1MB", "1m", "0x10", " 1", "1 k",
		"M1", NULL };
	static const char *const range[] = { "-1", "-1k", "18446744073709551616", "8589934592G",
		NULL };
	uint64_t bytes = UNTOUCHED;

	(void)state;
	for (const char *const *text = invalid; *text; text++)
		if (size_parse(*text, &bytes) != -EINVAL)
			fail_msg("\"%s\" was not refused", *text);
	for (const char *const *text = range; *text; text++)
		if (size_parse(*text, &bytes) != -ERANGE)
			fail_msg("\"%s\" was not out of range", *text);
	assert_int_equal(bytes, UNTOUCHED);
}

static void assert_duration_text(uint64_t ns, const char *expected)
{
	char text[32];

	duration_format(ns, text);
	assert_string_equal(text, expected);
	assert_int_equal(duration(text), ns);
}

static void durations_are_written_short(void **state)
{
	(void)state;
	assert_duration_text(0, "0");
	assert_duration_text(1, "1ns");
	assert_duration_text(100, "0.1us");
	assert_duration_text(1500, "1.5us");
	assert_duration_text(NS_PER_MS, "1ms");
	assert_duration_text(250 * NS_PER_MS, "0.25");
	assert_duration_text(NS_PER_S, "1");
	assert_duration_text(NS_PER_S + 1, "1.000000001");
	assert_duration_text(60 * NS_PER_S, "60");
	assert_duration_text(90 * 60 * NS_PER_S, "90m");
	assert_duration_text(86400 * NS_PER_S, "1d");
	assert_duration_text(INT64_MAX, "9223372036.854775807");
}

static void assert_size_text(uint64_t bytes, const char *expected)
{
	char text[32];

	size_format(bytes, text);
	assert_string_equal(text, expected);
	assert_int_equal(size(text), bytes);
}

static void sizes_are_written_short(void **state)
{
	(void)state;
	assert_size_text(0, "0");
	assert_size_text(1, "1");
	assert_size_text(1000, "1000");
	assert_size_text(1024, "1k");
	assert_size_text(1025, "1025");
	assert_size_text(1 << 20, "1M");
	assert_size_text(UINT64_C(5) << 40, "5120G");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_read),
		cmocka_unit_test(other_durations_are_refused),
		cmocka_unit_test(sizes_are_read),
		cmocka_unit_test(other_sizes_are_refused),
		cmocka_unit_test(durations_are_written_short),
		cmocka_unit_test(sizes_are_written_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
