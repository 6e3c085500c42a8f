/* What comes out for terminals, JSON readers and Prometheus, whatever bytes go in. */
#include "ctl/escape.h"
#include "ctl/families.h"
#include "ctl/json.h"
#include "ctl/table.h"

#include "room.h"

#include <math.h>

/* What `print` prints, the caller's to free. */
static char *printed(void (*print)(FILE *out, const void *what), const void *what)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	print(out, what);
	fclose(out);
	return text;
}

static void assert_printed(
	void (*print)(FILE *out, const void *what), const void *what, const char *expected)
{
	char *text = printed(print, what);

	assert_string_equal(text, expected);
	free(text);
}

static void terminal(FILE *out, const void *what)
{
	escape_terminal(out, what, strlen(what));
}

static void json_string(FILE *out, const void *what)
{
	escape_json(out, what);
}

static void label(FILE *out, const void *what)
{
	escape_label(out, what);
}

static void test_terminals_are_not_commanded(void **state)
{
	(void)state;
	assert_printed(terminal, "/var/log/app.log", "/var/log/app.log");
	assert_printed(terminal, "a\033[2Jb\nc\rd\te\x7f", "a\\x1b[2Jb\\x0ac\\x0dd\\x09e\\x7f");
	assert_printed(terminal, "\xc2\x9b", "\\xc2\\x9b"); /* CSI in C1 */
	assert_printed(terminal, "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");
}

static void test_invalid_utf8(void **state)
{
	static const char *const invalid[] = { "\xff", "\xc0\xaf", "\xc3", "\xe0\x80\x80",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\x80" };

	(void)state;
	for (size_t i = 0; i < sizeof(invalid) / sizeof(*invalid); i++)
		assert_int_equal(escape_utf8_length(invalid[i], strlen(invalid[i])), 0);
	assert_int_equal(escape_utf8_length("\xf0\x9f\x90\xa7", 4), 4);
	assert_int_equal(escape_utf8_length("\xf0\x9f\x90\xa7", 3), 0);
	assert_int_equal(escape_utf8_length("", 0), 0);
	assert_printed(terminal, "a\xff\xc3(z", "a\\xff\\xc3(z");
}

static void test_json_strings(void **state)
{
	(void)state;
	assert_printed(json_string, "a\"b\\c\n\x01", "\"a\\\"b\\\\c\\\\x0a\\\\x01\"");
	assert_printed(json_string, "\xff", "\"\\\\xff\"");
}

static void test_labels(void **state)
{
	(void)state;
	assert_printed(label, "/a \"b\"\\c\n", "/a \\\"b\\\"\\\\c\\\\x0a");
}

static void document(FILE *out, const void *what)
{
	struct json json = { .out = out };

	(void)what;
	json_open(&json, NULL, '{');
	json_number(&json, "most", UINT64_MAX);
	json_real(&json, "half", 0.5);
	json_real(&json, "unknown", NAN);
	json_open(&json, "list", '[');
	json_text(&json, NULL, "a");
	json_null(&json, NULL);
	json_close(&json, ']');
	json_open(&json, "none", '[');
	json_close(&json, ']');
	json_close(&json, '}');
}

static void test_json_document(void **state)
{
	(void)state;
	assert_printed(document, NULL,
		"{\n  \"most\": 18446744073709551615,\n  \"half\": 0.500,\n  \"unknown\": null,\n"
		"  \"list\": [\n    \"a\",\n    null\n  ],\n  \"none\": []\n}\n");
}

static void families_of_two(FILE *out, const void *what)
{
	struct families families = { 0 };

	(void)what;
	families_add(&families, "a_total", "A.", "s=\"1\"", 1);
	families_add(&families, "b", "B.", "s=\"} \"", 0.25);
	families_add(&families, "a_total", "A.", "s=\"2\"", 1e18);
	families_add(&families, "b", "B.", "s=\"} x\"", 2);
	families_add(&families, "a_total", "A.", "s=\"1\"", 3); /* said before */
	assert_int_equal(families.error, 0);
	families_print(&families, out);
	families_free(&families);
}

static void test_samples_of_a_family_stand_together(void **state)
{
	(void)state;
	assert_printed(families_of_two, NULL,
		"# HELP a_total A.\n# TYPE a_total counter\na_total{s=\"1\"} 1\n"
		"a_total{s=\"2\"} 1000000000000000000\n"
		"# HELP b B.\n# TYPE b gauge\nb{s=\"} \"} 0.250000\nb{s=\"} x\"} 2\n");
}

static void table_of_two(FILE *out, const void *what)
{
	static const char *const headings[] = { "-NAME", "COUNT", "-END", NULL };
	struct table table;

	table_init(&table, headings);
	table_add(&table, COLOUR_NONE, "%s", "\xc3\xbc");
	table_add(&table, COLOUR_BAD, "%d", 1234567);
	table_add(&table, COLOUR_NONE, "%s", "x");
	table_add_bytes(&table, "long\0er", 7);
	table_add(&table, COLOUR_NONE, "%d", 1);
	table_add(&table, COLOUR_NONE, "%s", "");
	table_print(&table, out, *(const bool *)what);
	table_free(&table);
}

static void test_tables(void **state)
{
	const bool plain = false, coloured = true;
	char *text = printed(table_of_two, &coloured);

	(void)state;
	assert_printed(table_of_two, &plain,
		"NAME          COUNT  END\n"
		"\xc3\xbc           1234567  x\n"
		"long\\x00er        1\n");
	assert_non_null(strstr(text, "\033[31m1234567\033[0m"));
	free(text);
}

static void table_in_width(FILE *out, const void *width)
{
	static const char *const headings[] = { "-NAME", "<FILE", "COUNT", NULL };
	struct table table;

	table_init(&table, headings);
	table.width = *(const size_t *)width;
	table_add(&table, COLOUR_NONE, "a");
	table_add(&table, COLOUR_NONE, "/var/log/\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc/app.log");
	table_add(&table, COLOUR_NONE, "7");
	table_add(&table, COLOUR_NONE, "b");
	table_add(&table, COLOUR_NONE, "/short");
	table_add(&table, COLOUR_NONE, "8");
	table_print(&table, out, false);
	table_free(&table);
}

static void test_a_table_fits_as_far_as_its_columns_allow(void **state)
{
	const size_t wide = 34, narrow = 28, too_narrow = 10;

	(void)state;
	assert_printed(table_in_width, &wide,
		"NAME  FILE                   COUNT\n"
		"a     /var/log/\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc/app.log      7\n"
		"b     /short                     8\n");
	assert_printed(table_in_width, &narrow,
		"NAME  FILE             COUNT\n"
		"a     ...\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc/app.log      7\n"
		"b     /short               8\n");
	assert_printed(table_in_width, &too_narrow,
		"NAME  FILE          COUNT\n"
		"a     ...\xc3\xbc/app.log      7\n"
		"b     /short            8\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terminals_are_not_commanded),
		cmocka_unit_test(test_invalid_utf8),
		cmocka_unit_test(test_json_strings),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_json_document),
		cmocka_unit_test(test_samples_of_a_family_stand_together),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_a_table_fits_as_far_as_its_columns_allow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
