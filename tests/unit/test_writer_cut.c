/* Due batches of whole lines. */
#include "writer/cut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the above first */
#include <cmocka.h>

static void check(const char *data, size_t len, uint64_t max_lines, size_t max_bytes,
	size_t bytes_wanted, uint64_t lines_wanted)
{
	uint64_t lines = 77;

	assert_int_equal(cut_lines(data, len, max_lines, max_bytes, &lines), bytes_wanted);
	assert_int_equal(lines, lines_wanted);
}

static void test_as_many_as_are_due(void **state)
{
	const char text[] = "a\nbb\n\nccc\nrest";
	size_t len = sizeof(text) - 1;

	(void)state;
	check(text, len, 0, 100, 0, 0);
	check(text, len, 1, 100, 2, 1);
	check(text, len, 2, 100, 5, 2);
	check(text, len, 3, 100, 6, 3);
	check(text, len, 4, 100, 10, 4);
	check(text, len, 5, 100, 10, 4);
	check(text, len, UINT64_MAX, 100, 10, 4);
}

static void test_no_more_bytes_than_allowed(void **state)
{
	const char text[] = "a\nbb\n\nccc\nrest";
	size_t len = sizeof(text) - 1;

	(void)state;
	check(text, len, UINT64_MAX, 9, 6, 3);
	check(text, len, 3, 5, 5, 2);
	check(text, len, UINT64_MAX, 2, 2, 1);
	check(text, len, 100, 4, 2, 1);
}

static void test_one_line_always(void **state)
{
	(void)state;
	check("long line\nx\n", 12, UINT64_MAX, 3, 10, 1);
	check("long line\nx\n", 12, 1, 3, 10, 1);
}

static void test_nothing_whole(void **state)
{
	(void)state;
	check("", 0, UINT64_MAX, 100, 0, 0);
	check("rest", 4, UINT64_MAX, 100, 0, 0);
	check("rest", 4, 1, 2, 0, 0);
	assert_int_equal(cut_whole("rest", 4), 0);
	assert_int_equal(cut_whole("a\nrest", 6), 2);
}

static void test_any_byte_but_newline_is_content(void **state)
{
	(void)state;
	check("\0\r\n\xff\0\n", 6, UINT64_MAX, 100, 6, 2);
	check("\0\r\n\xff\0\n", 6, 1, 100, 3, 1);
}

static void test_counting_across_blocks(void **state)
{
	char data[1000];

	(void)state;
	for (size_t len = 0; len <= sizeof(data); len++) {
		uint64_t expected = 0;

		for (size_t i = 0; i < len; i++) {
			data[i] = i % 7 == 0 || i % 128 == 127 ? '\n' : (char)i;
			expected += data[i] == '\n';
		}
		assert_int_equal(cut_count(data, len), expected);
	}
	memset(data, '\n', sizeof(data));
	assert_int_equal(cut_count(data, sizeof(data)), sizeof(data));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_many_as_are_due),
		cmocka_unit_test(test_no_more_bytes_than_allowed),
		cmocka_unit_test(test_one_line_always),
		cmocka_unit_test(test_nothing_whole),
		cmocka_unit_test(test_any_byte_but_newline_is_content),
		cmocka_unit_test(test_counting_across_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
