/* Time stamps of lines. */
#include "base/clock.h"
#include "lines/stamp.h"
#include "writer/recorded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the above first */
#include <cmocka.h>

/* The text of the stamp goes to `text`, its seconds are returned. */
static double read_stamp(struct stamp_format *stamp, const char *line, char *text)
{
	struct range where;
	int64_t ns;

	if (!stamp_find(stamp, line, strlen(line), &ns, &where))
		return -1;
	snprintf(text, 80, "%.*s", (int)(where.end - where.begin), line + where.begin);
	return (double)ns / 1e9;
}

static void check(const char *format, const char *line, const char *expected, double seconds)
{
	struct stamp_format stamp;
	char text[80] = "";

	stamp_format_init(&stamp, format);
	assert_int_equal((int64_t)(read_stamp(&stamp, line, text) * 1000 + 0.5),
		(int64_t)(seconds * 1000 + 0.5));
	assert_string_equal(text, expected);
}

static void test_known_formats(void **state)
{
	static const struct {
		const char *name, *line, *stamp;
		double seconds;
	} lines[] = {
		{ "rfc3164", "Jun 14 15:16:01 combo sshd: x", "Jun 14 15:16:01", 77382961 },
		{ "rfc3164", "<13>Jun  4 15:16:01 combo x", "Jun  4 15:16:01", 76518961 },
		{ "rfc5424", "<34>1 2003-10-11T22:14:15.003Z host", "2003-10-11T22:14:15.003Z",
			1065910455.003 },
		{ "rfc5424", "<34>1 2003-08-24T05:14:15.5-07:00 h", "2003-08-24T05:14:15.5-07:00",
			1061727255.5 },
		{ "iso8601", "2003-10-11T22:14:15 x", "2003-10-11T22:14:15", 1065910455 },
		{ "apache", "::1 - - [10/Oct/2000:13:55:36 -0700] \"GET /\"",
			"10/Oct/2000:13:55:36 -0700", 971211336 },
		{ "apache-error", "[Sun Dec 04 04:47:44 2005] [notice]", "Sun Dec 04 04:47:44 2005",
			1133671664 },
		{ "nginx-error", "2009/01/01 19:45:44 [error]", "2009/01/01 19:45:44", 1230839144 },
		{ "log4j", "2015-10-18 18:01:47,978 INFO", "2015-10-18 18:01:47,978",
			1445191307.978 },
		{ "hdfs", "081109 203615 148 INFO", "081109 203615", 1226262975 },
		{ "epoch", "- 1117838570 2005.06.03", "1117838570", 1117838570 },
		{ "epoch", "1117838570.25 x", "1117838570.25", 1117838570.25 },
		{ "epoch", "1117838570250 x", "1117838570250", 1117838570.25 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		check(lines[i].name, lines[i].line, lines[i].stamp, lines[i].seconds);
		check("auto", lines[i].line, lines[i].stamp, lines[i].seconds);
	}
}

static void test_formats_of_ones_own(void **state)
{
	(void)state;
	check("%Y%m%d-%H:%M:%S:%f", "20171223-22:15:29:606|Step", "20171223-22:15:29:606",
		1514067329.606);
	check("%m.%d %H:%M:%S", "[10.30 16:49:06] chrome", "10.30 16:49:06", 89311746);
}

static void test_what_is_no_stamp(void **state)
{
	(void)state;
	check("auto", "", "", -1);
	check("auto", "\tat java.lang.Thread.run(Thread.java:745)", "", -1);
	check("auto", "1 22 333 4444 55555 12345678901", "", -1);
	check("log4j", "2015-13-18 18:01:47,978", "", -1);
}

static void test_at_a_column_or_by_pattern(void **state)
{
	const char *line = "134681 node-246 up 1077804742 1 1077804743";
	struct stamp_format stamp;
	char text[80], message[80];

	(void)state;
	stamp_format_init(&stamp, "epoch");
	stamp.column = 6;
	assert_true(read_stamp(&stamp, line, text) == 1077804743);
	stamp.column = 1;
	assert_true(read_stamp(&stamp, line, text) == -1);
	stamp.column = 7;
	assert_true(read_stamp(&stamp, line, text) == -1);
	stamp.column = 0;
	assert_int_equal(
		expression_compile("up (\\d+)", &stamp.pattern, message, sizeof(message)), 0);
	assert_true(read_stamp(&stamp, line, text) == 1077804742);
	assert_true(read_stamp(&stamp, "down 1077804742", text) == -1);
	expression_free(stamp.pattern);
}

static void test_auto_stays_with_the_first(void **state)
{
	struct stamp_format stamp;
	char text[80];

	(void)state;
	stamp_format_init(&stamp, "auto");
	assert_true(read_stamp(&stamp, "no stamp", text) == -1);
	assert_true(read_stamp(&stamp, "2015-10-18 18:01:47,978 INFO", text) > 0);
	assert_true(read_stamp(&stamp, "Jun 14 15:16:01 combo", text) == -1);
}

static void check_rewritten(const char *format, const char *line, const char *expected)
{
	const uint64_t now = 1709210096UL * NS_PER_S + 789012345; /* 2024-02-29 12:34:56 UTC */
	struct stamp_format stamp;
	struct range where;
	char text[100];
	int64_t ns;

	snprintf(text, sizeof(text), "%s", line);
	stamp_format_init(&stamp, format);
	assert_true(stamp_find(&stamp, text, strlen(text), &ns, &where));
	assert_int_equal(stamp_rewrite(&stamp, text, &where, now), strcmp(line, expected) != 0);
	assert_string_equal(text, expected);
}

static void test_rewriting(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	check_rewritten("auto", "Jun  4 15:16:01 combo", "Feb 29 12:34:56 combo");
	check_rewritten(
		"auto", "<34>1 2003-10-11T22:14:15.003Z h", "<34>1 2024-02-29T12:34:56.789Z h");
	check_rewritten("auto", "2003-08-24T05:14:15-07:00 h", "2024-02-29T05:34:56-07:00 h");
	check_rewritten("auto", "2015-10-18 18:01:47,978 INFO", "2024-02-29 12:34:56,789 INFO");
	check_rewritten("auto", "[10/Oct/2000:13:55:36 +0130] G", "[29/Feb/2024:14:04:56 +0130] G");
	check_rewritten("auto", "[Sun Dec 04 04:47:44 2005] n", "[Thu Feb 29 12:34:56 2024] n");
	check_rewritten("auto", "081109 203615 148 INFO", "240229 123456 148 INFO");
	check_rewritten("auto", "- 1117838570 R", "- 1709210096 R");
	check_rewritten("auto", "- 1117838570.25 R", "- 1709210096.78 R");
	check_rewritten("auto", "- 1117838570250 R", "- 1709210096789 R");
	check_rewritten("%Y-%m-%d", "2015-1-8 x", "2015-1-8 x"); /* no room */
}

/* When the next lines are due, in milliseconds after the first one. */

static struct recorded recorded;

static int64_t due_after(const char *line)
{
	return (int64_t)(recorded_advance(&recorded, line, strlen(line)) / NS_PER_MS) - 1000;
}

static void start(const struct replay_conf *conf)
{
	recorded_init(&recorded, conf);
	recorded_start(&recorded, NS_PER_S);
}

static void test_time_passes_as_recorded(void **state)
{
	const struct replay_conf conf = {
		.timestamp = (char *)"log4j", .speed_thousandths = 2000, .max_gap_ns = 10 * NS_PER_S
	};

	(void)state;
	start(&conf);
	assert_int_equal(due_after("2020-01-01 00:00:05,000 first"), 0);
	assert_int_equal(due_after("2020-01-01 00:00:06,000 a second"), 500);
	assert_int_equal(due_after("2020-01-01 00:00:06,500 half of one"), 750);
	assert_int_equal(due_after("no stamp"), 750);
	assert_int_equal(recorded.missing, 1);
	assert_int_equal(due_after("2020-01-01 00:00:06,000 backwards"), 750);
	assert_int_equal(recorded.backwards, 1);
	assert_int_equal(due_after("2020-01-01 00:00:07,500 on from the latest"), 1250);
	assert_int_equal(due_after("2020-01-01 01:00:07,500 an hour"), 1250 + 5000);
	assert_int_equal(recorded.capped, 1);
	assert_int_equal(due_after("2099-01-01 01:00:07,500 decades"), 1250 + 10000);
	assert_int_equal(due_after("2020-01-01 01:00:08,500 and back"), 1250 + 10000);
	assert_int_equal(due_after("2020-01-01 01:00:09,500 goes on"), 1250 + 10500);
	assert_int_equal(recorded.backwards, 2);
	assert_int_equal(recorded.capped, 2);
}

static void test_a_year_that_is_not_told_may_turn(void **state)
{
	const struct replay_conf conf = { .timestamp = (char *)"rfc3164",
		.speed_thousandths = 1000,
		.max_gap_ns = NS_PER_S * 9 };

	(void)state;
	start(&conf);
	assert_int_equal(due_after("Dec 31 23:59:59 h x"), 0);
	assert_int_equal(due_after("Jan  1 00:00:01 h x"), 2000);
	assert_int_equal(due_after("Jan  1 00:00:02 h x"), 3000);
	assert_int_equal(recorded.backwards, 0);
	assert_int_equal(recorded.capped, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_formats),
		cmocka_unit_test(test_formats_of_ones_own),
		cmocka_unit_test(test_what_is_no_stamp),
		cmocka_unit_test(test_at_a_column_or_by_pattern),
		cmocka_unit_test(test_auto_stays_with_the_first),
		cmocka_unit_test(test_rewriting),
		cmocka_unit_test(test_time_passes_as_recorded),
		cmocka_unit_test(test_a_year_that_is_not_told_may_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
