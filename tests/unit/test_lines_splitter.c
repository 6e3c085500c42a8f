#include "lines/splitter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LINE 8
#define FAR (UINT64_C(1) << 33) /* offsets do not begin at 0 */

static const char *const policies[] = { "split", "truncate", "skip" };

struct fixture {
	struct lk_line lines[64];
	struct splitter splitter;
	struct split split;
};

static void split_text(struct fixture *f, enum long_line long_line, const char *text)
{
	f->splitter = (struct splitter){ MAX_LINE, long_line, f->lines, 64 };
	f->split = (struct split){ .discarding = false };
	split_lines(&f->splitter, text, strlen(text), FAR, &f->split);
}

static void assert_line(
	const struct fixture *f, size_t i, const char *text, uint64_t offset, uint32_t flags)
{
	assert_true(i < f->split.count);
	assert_int_equal(f->lines[i].len, strlen(text));
	assert_memory_equal(f->lines[i].data, text, strlen(text));
	assert_int_equal(f->lines[i].offset, FAR + offset);
	assert_int_equal(f->lines[i].flags, flags);
}

static void test_lines_and_what_is_not_yet_one(void **state)
{
	struct fixture f;

	(void)state;
	split_text(&f, LONG_LINE_SPLIT, "one\n\nthree\nfo");
	assert_int_equal(f.split.count, 3);
	assert_line(&f, 0, "one", 0, LK_LINE_NEWLINE);
	assert_line(&f, 1, "", 4, LK_LINE_NEWLINE);
	assert_line(&f, 2, "three", 5, LK_LINE_NEWLINE);
	assert_int_equal(f.split.consumed, 11);
	assert_int_equal(f.split.long_lines, 0);
	assert_int_equal(line_bytes(&f.lines[2]), 6);
}

static void test_no_bytes_no_lines(void **state)
{
	struct fixture f;

	(void)state;
	split_text(&f, LONG_LINE_SPLIT, "");
	assert_int_equal(f.split.count, 0);
	assert_int_equal(f.split.consumed, 0);
}

static void test_only_newline_is_special(void **state)
{
	static const char bytes[] = "\0a\r\n\r\xff\xfe\x80\n";
	struct fixture f;

	(void)state;
	f.splitter = (struct splitter){ MAX_LINE, LONG_LINE_SPLIT, f.lines, 64 };
	f.split = (struct split){ .discarding = false };
	split_lines(&f.splitter, bytes, sizeof(bytes) - 1, 0, &f.split);
	assert_int_equal(f.split.count, 2);
	assert_int_equal(f.lines[0].len, 3);
	assert_memory_equal(f.lines[0].data, "\0a\r", 3);
	assert_int_equal(f.lines[1].len, 4);
	assert_memory_equal(f.lines[1].data, "\r\xff\xfe\x80", 4);
}

static void test_exactly_max_line_is_not_long(void **state)
{
	(void)state;
	for (int policy = LONG_LINE_SPLIT; policy <= LONG_LINE_SKIP; policy++) {
		struct fixture f;

		split_text(&f, (enum long_line)policy, "12345678\nnext\n");
		assert_int_equal(f.split.count, 2);
		assert_line(&f, 0, "12345678", 0, LK_LINE_NEWLINE);
		assert_line(&f, 1, "next", 9, LK_LINE_NEWLINE);
		assert_int_equal(f.split.long_lines, 0);
	}
}

/* The newline may be the very next byte. */
static void test_max_line_unterminated_waits(void **state)
{
	(void)state;
	for (int policy = LONG_LINE_SPLIT; policy <= LONG_LINE_SKIP; policy++) {
		struct fixture f;

		split_text(&f, (enum long_line)policy, "12345678");
		assert_int_equal(f.split.count, 0);
		assert_int_equal(f.split.consumed, 0);
		assert_false(f.split.discarding);
	}
}

static void test_one_more_is_split(void **state)
{
	struct fixture f;

	(void)state;
	split_text(&f, LONG_LINE_SPLIT, "123456789\nnext\n");
	assert_int_equal(f.split.count, 3);
	assert_line(&f, 0, "12345678", 0, LK_LINE_CONTINUES);
	assert_line(&f, 1, "9", 8, LK_LINE_NEWLINE);
	assert_line(&f, 2, "next", 10, LK_LINE_NEWLINE);
	assert_int_equal(f.split.long_lines, 1);
	assert_int_equal(line_bytes(&f.lines[0]), 8);
}

/* No empty last piece, which would look like an empty line. */
static void test_twice_max_line_is_two_pieces(void **state)
{
	struct fixture f;

	(void)state;
	split_text(&f, LONG_LINE_SPLIT, "1234567812345678\n");
	assert_int_equal(f.split.count, 2);
	assert_line(&f, 0, "12345678", 0, LK_LINE_CONTINUES);
	assert_line(&f, 1, "12345678", 8, LK_LINE_NEWLINE);
}

static void test_one_more_is_truncated(void **state)
{
	struct fixture f;

	(void)state;
	split_text(&f, LONG_LINE_TRUNCATE, "123456789\nnext\n");
	assert_int_equal(f.split.count, 2);
	assert_line(&f, 0, "12345678", 0, LK_LINE_TRUNCATED);
	assert_line(&f, 1, "next", 10, LK_LINE_NEWLINE);
	assert_int_equal(f.split.long_lines, 1);
	assert_false(f.split.discarding);
}

static void test_one_more_is_skipped(void **state)
{
	struct fixture f;

	(void)state;
	split_text(&f, LONG_LINE_SKIP, "123456789\nnext\n");
	assert_int_equal(f.split.count, 1);
	assert_line(&f, 0, "next", 10, LK_LINE_NEWLINE);
	assert_int_equal(f.split.long_lines, 1);
	assert_false(f.split.discarding);
}

static void test_the_rest_is_left_out_in_later_calls_too(void **state)
{
	struct fixture f;

	(void)state;
	split_text(&f, LONG_LINE_TRUNCATE, "123456789");
	assert_int_equal(f.split.count, 1);
	assert_int_equal(f.split.consumed, 9);
	assert_true(f.split.discarding);
	split_lines(&f.splitter, "abcdefghijklm", 13, FAR + 9, &f.split);
	assert_int_equal(f.split.count, 0);
	assert_int_equal(f.split.consumed, 13);
	assert_int_equal(f.split.long_lines, 0);
	assert_true(f.split.discarding);
	split_lines(&f.splitter, "\nnext\n", 6, FAR + 22, &f.split);
	assert_int_equal(f.split.count, 1);
	assert_line(&f, 0, "next", 23, LK_LINE_NEWLINE);
	assert_int_equal(f.split.consumed, 6);
	assert_false(f.split.discarding);
}

static void test_stops_when_there_is_no_room_for_lines(void **state)
{
	struct fixture f;

	(void)state;
	f.splitter = (struct splitter){ MAX_LINE, LONG_LINE_SPLIT, f.lines, 2 };
	f.split = (struct split){ .discarding = false };
	split_lines(&f.splitter, "a\nb\nc\n", 6, 0, &f.split);
	assert_int_equal(f.split.count, 2);
	assert_int_equal(f.split.consumed, 4);
	split_lines(&f.splitter, "c\n", 2, 4, &f.split);
	assert_int_equal(f.split.count, 1);
	assert_int_equal(f.lines[0].offset, 4);
}

/* What comes out when at most `chunk` bytes can be seen at a time, as text. */
static char *split_in_chunks(enum long_line long_line, const char *text, size_t chunk)
{
	struct fixture f = { .splitter = { MAX_LINE, long_line, f.lines, 3 } };
	char *result = NULL;
	size_t size, at = 0, len = strlen(text), seen = chunk < len ? chunk : len, calls = 0;
	FILE *out = open_memstream(&result, &size);

	assert_non_null(out);
	while (at < len && calls++ < 10 * len) {
		split_lines(&f.splitter, text + at, seen - at, at, &f.split);
		for (size_t i = 0; i < f.split.count; i++)
			fprintf(out, "%llu:%u:%.*s|", (unsigned long long)f.lines[i].offset,
				f.lines[i].flags, (int)f.lines[i].len, f.lines[i].data);
		at += f.split.consumed;
		if (f.split.consumed == 0 && seen == len)
			break;
		if (f.split.count < 3)
			seen = seen + chunk < len ? seen + chunk : len;
	}
	fprintf(out, "rest %s", text + at);
	fclose(out);
	return result;
}

static void assert_chunks_make_no_difference(enum long_line long_line, const char *text)
{
	char *whole = split_in_chunks(long_line, text, strlen(text));

	for (size_t chunk = 1; chunk < strlen(text); chunk++) {
		char *pieces = split_in_chunks(long_line, text, chunk);

		if (strcmp(whole, pieces) != 0)
			print_error("%s, %zu bytes at a time\n", policies[long_line], chunk);
		assert_string_equal(pieces, whole);
		free(pieces);
	}
	free(whole);
}

/* A line of each length up to three times max_line, between two short ones: the newline comes to
 * stand on every side of every edge. */
static void test_chunks_make_no_difference(void **state)
{
	(void)state;
	for (int policy = LONG_LINE_SPLIT; policy <= LONG_LINE_SKIP; policy++)
		for (int len = 0; len <= 3 * MAX_LINE; len++) {
			char text[100];

			snprintf(text, sizeof(text), "before\n%.*s\n\nafter\n", len,
				"abcdefghijklmnopqrstuvwxyz");
			assert_chunks_make_no_difference((enum long_line)policy, text);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_and_what_is_not_yet_one),
		cmocka_unit_test(test_no_bytes_no_lines),
		cmocka_unit_test(test_only_newline_is_special),
		cmocka_unit_test(test_exactly_max_line_is_not_long),
		cmocka_unit_test(test_max_line_unterminated_waits),
		cmocka_unit_test(test_one_more_is_split),
		cmocka_unit_test(test_twice_max_line_is_two_pieces),
		cmocka_unit_test(test_one_more_is_truncated),
		cmocka_unit_test(test_one_more_is_skipped),
		cmocka_unit_test(test_the_rest_is_left_out_in_later_calls_too),
		cmocka_unit_test(test_stops_when_there_is_no_room_for_lines),
		cmocka_unit_test(test_chunks_make_no_difference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
