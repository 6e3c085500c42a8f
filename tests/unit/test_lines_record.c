#include "lines/record.h"

#include "room.h"

#include <errno.h>

static const struct record full = {
	.id = "803-12345-17a",
	.path = (char *)"/var/log/app.log.1",
	.place = { 0x803, 12345, 5000, 1, 2, PLACE_WINDOW },
	.size = UINT64_MAX,
	.mtime_ns = UINT64_C(1767225600123456789),
	.accounts = { 1, 2, 3, 4, 5, UINT64_MAX },
	.discarding = true,
	.nul_run = true,
};

/* One line without its newline, the caller's to free. */
static char *written(const struct record *record, const char *stream)
{
	char *text = NULL, *newline;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	record_write(out, record, stream);
	fclose(out);
	newline = strchr(text, '\n');
	assert_non_null(newline);
	assert_ptr_equal(newline, text + size - 1); /* one line, and no NUL in it */
	*newline = '\0';
	for (const char *c = text; *c; c++)
		assert_true(*c >= ' ' && *c < 0x7f);
	return text;
}

static void assert_same_accounts(const struct accounts *a, const struct accounts *b)
{
	assert_int_equal(a->handed, b->handed);
	assert_int_equal(a->refused, b->refused);
	assert_int_equal(a->skipped, b->skipped);
	assert_int_equal(a->lost, b->lost);
	assert_int_equal(a->reread, b->reread);
	assert_int_equal(a->gaps, b->gaps);
}

static void assert_survives(const struct record *record, const char *stream)
{
	struct record read;
	char *path, *text = written(record, stream);
	char place[PLACE_TEXT], expected_place[PLACE_TEXT];

	assert_int_equal(record_read(text, &read, &path), 0);
	assert_string_equal(read.id, record->id);
	assert_string_equal(read.path, record->path);
	assert_string_equal(path, stream);
	place_format(&read.place, place);
	place_format(&record->place, expected_place);
	assert_string_equal(place, expected_place);
	assert_int_equal(read.size, record->size);
	assert_int_equal(read.mtime_ns, record->mtime_ns);
	assert_same_accounts(&read.accounts, &record->accounts);
	assert_int_equal(read.discarding, record->discarding);
	assert_int_equal(read.nul_run, record->nul_run);
	free(read.path);
	free(path);
	free(text);
}

static void test_every_field_survives(void **state)
{
	struct record one = full;

	(void)state;
	assert_survives(&full, "/var/log/app.log");
	one.discarding = false;
	assert_survives(&one, "/var/log/app.log");
	one.nul_run = false;
	one.discarding = true;
	assert_survives(&one, "/var/log/app.log");
}

static void test_paths_of_any_bytes(void **state)
{
	static const char *const paths[] = { "/a\nfile id=x", "/a b/c%d%0a", "/\xff\xfe\xc3(",
		"/a=b path=c stream=d", "/\x01\x7f\t\r", "/%", "/%%41" };
	struct record record = full;
	char every[256];

	(void)state;
	for (int i = 1; i < 256; i++)
		every[i - 1] = (char)i;
	every[255] = '\0';
	record.path = every;
	assert_survives(&record, every);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		record.path = (char *)paths[i];
		assert_survives(&record, paths[i]);
	}
}

static void assert_no_record(char *text)
{
	struct record read = { .size = 77 };
	char *path = NULL, *copy = strdup(text);

	if (record_read(copy, &read, &path) != -EINVAL)
		fail_msg("\"%s\" was taken for a record", text);
	assert_int_equal(read.size, 77);
	assert_null(read.path);
	assert_null(path);
	free(copy);
}

/* Only the end of the last word is not missed: there the checksum of the file stands guard. */
static void test_cut_at_each_length(void **state)
{
	char *text = written(&full, "/var/log/app.log");
	char *last = strstr(text, " stream=") + strlen(" stream=");

	(void)state;
	for (char *end = last - 1; end >= text; end--) {
		*end = '\0';
		assert_no_record(text);
	}
	free(text);
}

/* The full record with `from` replaced. */
static void assert_not_with(const char *from, const char *to)
{
	char *text = written(&full, "/var/log/app.log"), *at = strstr(text, from), *changed;

	assert_non_null(at);
	assert_true(
		asprintf(&changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
	assert_no_record(changed);
	free(changed);
	free(text);
}

static void test_words_that_are_wrong(void **state)
{
	(void)state;
	assert_not_with("file ", "life ");
	assert_not_with("file ", "file  ");
	assert_not_with("handed=1", "handed=-1");
	assert_not_with("handed=1", "handed=+1");
	assert_not_with("handed=1", "handed=");
	assert_not_with("handed=1", "handed=0x1");
	assert_not_with("handed=1", "handed=1x");
	assert_not_with("handed=1", "handed=18446744073709551616");
	assert_not_with("handed=1 refused=2", "refused=2 handed=1");
	assert_not_with("discarding=1", "discarding=2");
	assert_not_with("nul_run=1", "nul_run=yes");
	assert_not_with("place=", "place=x");
	assert_not_with("app.log.1", "%");
	assert_not_with("app.log.1", "%4");
	assert_not_with("app.log.1", "%zz");
	assert_not_with("app.log.1", "%00");
}

static void test_id_must_have_room(void **state)
{
	char id[RECORD_ID + 1], assignment[RECORD_ID + 8];
	struct record record = full;

	(void)state;
	memset(id, 'x', RECORD_ID);
	id[RECORD_ID] = '\0';
	snprintf(assignment, sizeof(assignment), "id=%s", id);
	assert_not_with("id=803-12345-17a", assignment);
	id[RECORD_ID - 1] = '\0';
	memcpy(record.id, id, RECORD_ID);
	assert_survives(&record, "/x");
}

static void test_total_survives(void **state)
{
	struct accounts total;
	char *text = NULL, *path;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	record_write_total(out, &full.accounts, "/a\nb");
	fclose(out);
	assert_ptr_equal(strchr(text, '\n'), text + size - 1);
	text[size - 1] = '\0';
	assert_int_equal(record_read_total(text, &total, &path), 0);
	assert_same_accounts(&total, &full.accounts);
	assert_string_equal(path, "/a\nb");
	free(path);
	free(text);
}

static void test_total_that_is_wrong(void **state)
{
	char text[] = "total handed=1 refused=2 skipped=3 lost=4 reread=5 stream=/x";
	struct accounts total = { .handed = 77 };
	char *path = NULL;

	(void)state;
	assert_int_equal(record_read_total(text, &total, &path), -EINVAL);
	assert_int_equal(total.handed, 77);
	assert_null(path);
}

static void test_accounts_are_added_field_by_field(void **state)
{
	struct accounts sum = { 1, 2, 3, 4, 5, 6 };
	const struct accounts more = { 10, 20, 30, 40, 50, 60 }, all = { 11, 22, 33, 44, 55, 66 };

	(void)state;
	accounts_add(&sum, &more);
	assert_same_accounts(&sum, &all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_field_survives),
		cmocka_unit_test(test_paths_of_any_bytes),
		cmocka_unit_test(test_cut_at_each_length),
		cmocka_unit_test(test_words_that_are_wrong),
		cmocka_unit_test(test_id_must_have_room),
		cmocka_unit_test(test_total_survives),
		cmocka_unit_test(test_total_that_is_wrong),
		cmocka_unit_test(test_accounts_are_added_field_by_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
