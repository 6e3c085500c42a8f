#include "lines/reader.h"

#include "packed.h"

#include <errno.h>

#define CHUNK ((size_t)256 << 10) /* what the reader reads at once */
#define MAX_LINE ((size_t)1 << 20)

static struct logfile *opened(const char *name)
{
	struct logfile *file;
	struct stat st;

	assert_int_equal(stat(name, &st), 0);
	file = logfile_new(name, &st);
	assert_non_null(file);
	assert_int_equal(logfile_open(file), 0);
	return file;
}

static struct reader reader_for(size_t max_line, enum long_line long_line)
{
	struct reader reader;

	assert_int_equal(reader_init(&reader, max_line, long_line), 0);
	return reader;
}

struct output {
	char *text;
	size_t size;
	FILE *file;
};

static void output_begin(struct output *output)
{
	output->file = open_memstream(&output->text, &output->size);
	assert_non_null(output->file);
}

static void output_free(struct output *output)
{
	fclose(output->file);
	free(output->text);
}

/* What was handed over so far, "\n" behind what ended with a newline, "+" behind a piece of a line,
 * "~" behind what was cut. */
static void assert_output(struct output *output, const char *expected)
{
	fflush(output->file);
	assert_int_equal(output->size, strlen(expected));
	assert_memory_equal(output->text, expected, output->size);
}

static void write_lines(struct output *output, const struct reader *reader, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct lk_line *line = &reader->splitter.lines[i];

		fwrite(line->data, 1, line->len, output->file);
		if (line->flags & LK_LINE_CONTINUES)
			fputc('+', output->file);
		else
			fputc(line->flags & LK_LINE_NEWLINE ? '\n' : '~', output->file);
	}
}

/* Hands over all there is; 0, or the error it ended with. */
static int read_all(struct reader *reader, struct logfile *file, struct output *output)
{
	struct reading reading;
	int got;

	while ((got = reader_read(reader, file, &reading)) > 0) {
		write_lines(output, reader, reading.split.count);
		reader_accept(reader, &reading, reading.split.count);
	}
	return got;
}

/* The place is what a look at the file would make it; its head may already know more. */
static void assert_at(const struct logfile *file, const char *name, uint64_t offset)
{
	const struct place *place = &file->record.place;
	struct place taken;
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	assert_int_equal(place->offset, offset);
	assert_int_equal(place_take(&taken, fd, offset), 0);
	assert_int_equal(place->tail_hash, taken.tail_hash);
	assert_true(place->head_length >= taken.head_length);
	assert_int_equal(place_fits(place, fd), 1);
	close(fd);
}

static uint64_t accounted(const struct logfile *file)
{
	const struct accounts *a = &file->record.accounts;

	return a->handed + a->refused + a->skipped + a->lost;
}

/* About `len` bytes of numbered lines, the caller's to free. */
static char *numbered(size_t len)
{
	char *text = malloc(len + 64);
	size_t at = 0;

	assert_non_null(text);
	for (unsigned i = 0; at < len; i++)
		at += (size_t)sprintf(text + at, "line %u of many\n", i);
	return text;
}

static void test_all_lines_of_many_chunks(void **state)
{
	struct reader reader = reader_for(MAX_LINE, LONG_LINE_SPLIT);
	char *text = numbered(5 * CHUNK / 2);
	struct logfile *file;
	struct output output;

	(void)state;
	output_begin(&output);
	put("log", text);
	file = opened("log");
	assert_int_equal(read_all(&reader, file, &output), 0);
	assert_output(&output, text);
	assert_at(file, "log", strlen(text));
	assert_int_equal(file->record.accounts.handed, strlen(text));
	assert_true(logfile_finished(file));
	logfile_free(file);
	output_free(&output);
	reader_free(&reader);
	free(text);
}

/* A log grows by a few bytes at a time, through the first kilobytes: the place follows. */
static void test_small_steps_through_the_windows(void **state)
{
	struct reader reader = reader_for(MAX_LINE, LONG_LINE_SPLIT);
	struct logfile *file;
	struct output output;
	uint64_t size = 0;
	char line[40];

	(void)state;
	output_begin(&output);
	put("log", "");
	file = opened("log");
	for (int i = 0; size < 3 * PLACE_WINDOW; i++) {
		snprintf(line, sizeof(line), "%d %.*s\n", i, i % 23, "abcdefghijklmnopqrstuvw");
		append("log", line);
		size += strlen(line);
		file->unread = true;
		assert_int_equal(read_all(&reader, file, &output), 0);
		assert_at(file, "log", size);
	}
	assert_int_equal(accounted(file), size);
	logfile_free(file);
	output_free(&output);
	reader_free(&reader);
}

static void test_an_unterminated_end_waits(void **state)
{
	struct reader reader = reader_for(MAX_LINE, LONG_LINE_SPLIT);
	struct reading reading;
	struct logfile *file;
	struct output output;

	(void)state;
	output_begin(&output);
	put("log", "one\ntw");
	file = opened("log");
	assert_int_equal(read_all(&reader, file, &output), 0);
	assert_output(&output, "one\n");
	assert_int_equal(file->partial, 2);
	assert_false(file->unread);
	assert_false(logfile_finished(file));
	append("log", "o\nth");
	file->unread = true;
	assert_int_equal(read_all(&reader, file, &output), 0);
	assert_output(&output, "one\ntwo\n");
	assert_int_equal(reader_read_partial(&reader, file, &reading), 1);
	reader_accept(&reader, &reading, 0); /* the handler said later */
	assert_false(logfile_finished(file));
	assert_int_equal(reader_read_partial(&reader, file, &reading), 1);
	write_lines(&output, &reader, reading.split.count);
	reader_accept(&reader, &reading, reading.split.count);
	assert_output(&output, "one\ntwo\nth~");
	assert_at(file, "log", 10);
	assert_true(logfile_finished(file));
	logfile_free(file);
	output_free(&output);
	reader_free(&reader);
}

/* One line of `len` bytes between short ones, so that it begins `before` bytes into the file.
 */
static char *long_line_text(size_t before, size_t len)
{
	char *text = malloc(before + len + 16);

	assert_non_null(text);
	for (size_t i = 0; i < before; i++)
		text[i] = i % 8 == 7 || i == before - 1 ? '\n' : 'a';
	memset(text + before, 'L', len);
	strcpy(text + before + len, "\nafter\n");
	return text;
}

static char *expected_of(
	size_t before, size_t len, size_t max_line, enum long_line long_line, const char *text)
{
	char *expected = NULL;
	size_t size, left = len;
	FILE *out = open_memstream(&expected, &size);

	assert_non_null(out);
	fwrite(text, 1, before, out);
	if (len <= max_line) {
		fputs(text + before, out);
	} else {
		for (; long_line == LONG_LINE_SPLIT && left > max_line; left -= max_line)
			fprintf(out, "%.*s+", (int)max_line, text + before);
		if (long_line == LONG_LINE_SPLIT)
			fprintf(out, "%.*s\n", (int)left, text + before);
		if (long_line == LONG_LINE_TRUNCATE)
			fprintf(out, "%.*s~", (int)max_line, text + before);
		fputs("after\n", out);
	}
	fclose(out);
	return expected;
}

static void assert_long_line(
	size_t before, size_t len, size_t max_line, enum long_line long_line, bool in_steps)
{
	struct reader reader = reader_for(max_line, long_line);
	char *text = long_line_text(before, len);
	char *expected = expected_of(before, len, max_line, long_line, text);
	struct logfile *file;
	struct output output;

	output_begin(&output);
	if (in_steps)
		put_bytes("log", text, before + len); /* the newline has yet to come */
	else
		put("log", text);
	file = opened("log");
	assert_int_equal(read_all(&reader, file, &output), 0);
	put("log", text);
	file->unread = true;
	assert_int_equal(read_all(&reader, file, &output), 0);
	assert_output(&output, expected);
	assert_at(file, "log", strlen(text));
	assert_int_equal(accounted(file), strlen(text));
	assert_false(file->record.discarding);
	logfile_free(file);
	output_free(&output);
	reader_free(&reader);
	free(expected);
	free(text);
}

static void assert_long_line_in_all_ways(size_t len, size_t max_line)
{
	for (int policy = LONG_LINE_SPLIT; policy <= LONG_LINE_SKIP; policy++)
		for (size_t before = 1; before <= 2; before++) {
			assert_long_line(before, len, max_line, (enum long_line)policy, false);
			assert_long_line(before, len, max_line, (enum long_line)policy, true);
		}
}

/* Lines of exactly max_line and one more, their newline on every side of the edge of what is read
 * at once, and of the whole buffer. */
static void test_long_lines_at_the_edges(void **state)
{
	static const size_t max_lines[] = { 10, 100, CHUNK - 1, CHUNK, CHUNK + 1, CHUNK + 5000 };

	(void)state;
	for (size_t i = 0; i < sizeof(max_lines) / sizeof(*max_lines); i++)
		for (size_t more = 0; more < 3; more++)
			assert_long_line_in_all_ways(max_lines[i] + more, max_lines[i]);
}

static void test_newline_at_the_edge_of_a_chunk(void **state)
{
	(void)state;
	for (size_t before = CHUNK - 102; before <= CHUNK - 98; before++)
		for (size_t len = 99; len <= 101; len++)
			for (int policy = LONG_LINE_SPLIT; policy <= LONG_LINE_SKIP; policy++)
				assert_long_line(before, len, 100, (enum long_line)policy, false);
}

static void test_many_times_max_line(void **state)
{
	(void)state;
	for (int policy = LONG_LINE_SPLIT; policy <= LONG_LINE_SKIP; policy++)
		assert_long_line(5, 3 * CHUNK + 7, 1000, (enum long_line)policy, false);
}

/* The next life goes on to leave it out. */
static void test_left_out_over_a_restart(void **state)
{
	struct reader reader = reader_for(10, LONG_LINE_TRUNCATE);
	struct logfile *file;
	struct output output;

	(void)state;
	output_begin(&output);
	put("log", "0123456789 and");
	file = opened("log");
	assert_int_equal(read_all(&reader, file, &output), 0);
	assert_true(file->record.discarding);
	reader_free(&reader);
	reader = reader_for(10, LONG_LINE_TRUNCATE);
	append("log", " more\nnext\n");
	file->unread = true;
	assert_int_equal(read_all(&reader, file, &output), 0);
	assert_output(&output, "0123456789~next\n");
	assert_int_equal(file->record.accounts.handed, 15);
	assert_int_equal(file->record.accounts.skipped, 10);
	logfile_free(file);
	output_free(&output);
	reader_free(&reader);
}

static void test_nothing_but_newlines(void **state)
{
	struct reader reader = reader_for(MAX_LINE, LONG_LINE_SPLIT);
	char *text = malloc(CHUNK + 2);
	struct logfile *file;
	struct output output;

	(void)state;
	memset(text, '\n', CHUNK + 1);
	text[CHUNK + 1] = '\0';
	output_begin(&output);
	put("log", text);
	file = opened("log");
	assert_int_equal(read_all(&reader, file, &output), 0);
	assert_output(&output, text);
	assert_at(file, "log", CHUNK + 1);
	logfile_free(file);
	output_free(&output);
	reader_free(&reader);
	free(text);
}

static void test_some_of_the_lines_are_accepted(void **state)
{
	struct reader reader = reader_for(MAX_LINE, LONG_LINE_SPLIT);
	struct reading reading;
	struct logfile *file;
	struct output output;

	(void)state;
	output_begin(&output);
	put("log", "one\ntwo\nthree\n");
	file = opened("log");
	assert_int_equal(reader_read(&reader, file, &reading), 1);
	assert_int_equal(reading.split.count, 3);
	reader_accept(&reader, &reading, 0);
	assert_at(file, "log", 0);
	assert_int_equal(reader_read(&reader, file, &reading), 1);
	reader_accept(&reader, &reading, 1);
	assert_at(file, "log", 4);
	assert_int_equal(file->record.accounts.handed, 4);
	assert_int_equal(read_all(&reader, file, &output), 0);
	assert_output(&output, "two\nthree\n");
	assert_int_equal(accounted(file), 14);
	logfile_free(file);
	output_free(&output);
	reader_free(&reader);
}

static void test_a_line_is_refused(void **state)
{
	struct reader reader = reader_for(MAX_LINE, LONG_LINE_SPLIT);
	struct reading reading;
	struct logfile *file;
	struct output output;

	(void)state;
	output_begin(&output);
	put("log", "one\nbad\nthree\n");
	file = opened("log");
	assert_int_equal(reader_read(&reader, file, &reading), 1);
	reader_accept(&reader, &reading, 1);
	reader_refuse(&reader, &reading, 1);
	assert_at(file, "log", 8);
	assert_int_equal(file->record.accounts.handed, 4);
	assert_int_equal(file->record.accounts.refused, 4);
	assert_int_equal(read_all(&reader, file, &output), 0);
	assert_output(&output, "three\n");
	assert_int_equal(accounted(file), 14);
	logfile_free(file);
	output_free(&output);
	reader_free(&reader);
}

/* The rest of a refused line that was cut is left out as well. */
static void test_a_cut_line_is_refused(void **state)
{
	struct reader reader = reader_for(4, LONG_LINE_TRUNCATE);
	struct reading reading;
	struct logfile *file;
	struct output output;

	(void)state;
	output_begin(&output);
	put("log", "bad and long\nok\n");
	file = opened("log");
	assert_int_equal(reader_read(&reader, file, &reading), 1);
	reader_accept(&reader, &reading, 0);
	reader_refuse(&reader, &reading, 0);
	assert_int_equal(read_all(&reader, file, &output), 0);
	assert_output(&output, "ok\n");
	assert_int_equal(file->record.accounts.refused, 4);
	assert_int_equal(accounted(file), 16);
	logfile_free(file);
	output_free(&output);
	reader_free(&reader);
}

/* Reads 3000 bytes of lines, lets `change` work on the file, adds a line: nothing of it may come
 * out. */
static void assert_stale_after(void (*change)(const char *text))
{
	struct reader reader = reader_for(MAX_LINE, LONG_LINE_SPLIT);
	char *text = numbered(3 * PLACE_WINDOW);
	struct logfile *file;
	struct output output;

	output_begin(&output);
	put("log", text);
	file = opened("log");
	assert_int_equal(read_all(&reader, file, &output), 0);
	change(text);
	file->unread = true;
	assert_int_equal(read_all(&reader, file, &output), -ESTALE);
	assert_output(&output, text);
	assert_int_equal(file->record.place.offset, strlen(text));
	logfile_free(file);
	output_free(&output);
	reader_free(&reader);
	free(text);
}

static void cut_off(const char *text)
{
	assert_int_equal(truncate("log", (off_t)strlen(text) - 1), 0);
}

static void empty(const char *text)
{
	(void)text;
	assert_int_equal(truncate("log", 0), 0);
}

static void refill_longer(const char *text)
{
	put("log", "another first line\n");
	append("log", text);
}

static void change_head(const char *text)
{
	put_at("log", "LINE", 4, 0);
	append("log", text);
}

static void change_tail(const char *text)
{
	put_at("log", "X", 1, strlen(text) - 2);
	append("log", text);
}

static void test_other_content_is_never_handed_over(void **state)
{
	(void)state;
	assert_stale_after(cut_off);
	assert_stale_after(empty);
	assert_stale_after(refill_longer);
	assert_stale_after(change_head);
	assert_stale_after(change_tail);
}

/* It has been seen, though not handed over. */
static void test_another_unterminated_start_is_another_file(void **state)
{
	struct reader reader = reader_for(MAX_LINE, LONG_LINE_SPLIT);
	struct logfile *file;
	struct output output;

	(void)state;
	output_begin(&output);
	put("log", "unfin");
	file = opened("log");
	assert_int_equal(read_all(&reader, file, &output), 0);
	put("log", "something else\n");
	file->unread = true;
	assert_int_equal(read_all(&reader, file, &output), -ESTALE);
	put("log", "unfinished\n");
	assert_int_equal(read_all(&reader, file, &output), 0);
	assert_output(&output, "unfinished\n");
	logfile_free(file);
	output_free(&output);
	reader_free(&reader);
}

static void test_nuls_pass(void **state)
{
	struct reader reader = reader_for(MAX_LINE, LONG_LINE_SPLIT);
	struct reading reading;
	struct logfile *file;

	(void)state;
	put_bytes("log", "\0\0one\0\n\0\n", 9);
	file = opened("log");
	assert_int_equal(reader_read(&reader, file, &reading), 1);
	assert_int_equal(reading.split.count, 2);
	assert_int_equal(reader.splitter.lines[0].len, 6);
	assert_memory_equal(reader.splitter.lines[0].data, "\0\0one\0", 6);
	assert_int_equal(reader.splitter.lines[1].len, 1);
	logfile_free(file);
	reader_free(&reader);
}

/* A hole of some chunks, left by a writer without O_APPEND: skipped, counted, and over with the
 * first byte that is none. */
static void test_a_run_of_nuls_after_a_truncation_is_skipped(void **state)
{
	const uint64_t hole = 2 * CHUNK + 77;
	struct reader reader = reader_for(100, LONG_LINE_SPLIT);
	struct logfile *file;
	struct output output;

	(void)state;
	output_begin(&output);
	put_at("log", "line\n", 5, hole);
	file = opened("log");
	file->record.nul_run = true;
	assert_int_equal(read_all(&reader, file, &output), 0);
	assert_output(&output, "line\n");
	assert_int_equal(file->record.accounts.skipped, hole);
	assert_int_equal(file->record.accounts.handed, 5);
	assert_false(file->record.nul_run);
	assert_at(file, "log", hole + 5);
	logfile_free(file);
	output_free(&output);
	reader_free(&reader);
}

static void test_beyond_4_gib(void **state)
{
	const uint64_t far = 4 * GIB;
	struct reader reader = reader_for(MAX_LINE, LONG_LINE_SPLIT);
	struct reading reading;
	struct logfile *file;
	struct output output;

	(void)state;
	output_begin(&output);
	put_at("log", "old\n", 4, far - 2);
	file = opened("log");
	assert_int_equal(place_set(&file->record.place, content_read, file->content, far + 2), 0);
	put_at("log", "new\nand\n", 8, far + 2);
	assert_int_equal(reader_read(&reader, file, &reading), 1);
	assert_int_equal(reading.split.count, 2);
	assert_int_equal(reader.splitter.lines[1].offset, far + 6);
	reader_accept(&reader, &reading, 1);
	assert_at(file, "log", far + 6);
	assert_int_equal(read_all(&reader, file, &output), 0);
	assert_output(&output, "and\n");
	assert_at(file, "log", far + 10);
	assert_int_equal(file->record.size, far + 10);
	logfile_free(file);
	output_free(&output);
	reader_free(&reader);
}

/* Compressed meanwhile: the place of the plain file leads on in the compressed one. */
static void test_on_in_a_compressed_copy(void **state)
{
	struct reader reader = reader_for(MAX_LINE, LONG_LINE_SPLIT);
	char *text = numbered(3 * CHUNK);

	(void)state;
	for (EACH_PACKING(p)) {
		struct logfile *plain, *packed;
		struct reading reading;
		struct output output;
		char name[16];

		output_begin(&output);
		snprintf(name, sizeof(name), "log.1%s", p->ending);
		put("log", text);
		put_packed(name, p, text, strlen(text));
		plain = opened("log");
		assert_int_equal(reader_read(&reader, plain, &reading), 1);
		write_lines(&output, &reader, 100);
		reader_accept(&reader, &reading, 100);
		packed = opened(name);
		packed->record.place = plain->record.place;
		assert_int_equal(read_all(&reader, packed, &output), 0);
		assert_output(&output, text);
		assert_at(packed, "log", strlen(text));
		assert_true(logfile_finished(packed));
		logfile_free(plain);
		logfile_free(packed);
		output_free(&output);
	}
	reader_free(&reader);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOM_TEST(test_all_lines_of_many_chunks),
		ROOM_TEST(test_small_steps_through_the_windows),
		ROOM_TEST(test_an_unterminated_end_waits),
		ROOM_TEST(test_long_lines_at_the_edges),
		ROOM_TEST(test_newline_at_the_edge_of_a_chunk),
		ROOM_TEST(test_many_times_max_line),
		ROOM_TEST(test_left_out_over_a_restart),
		ROOM_TEST(test_nothing_but_newlines),
		ROOM_TEST(test_some_of_the_lines_are_accepted),
		ROOM_TEST(test_a_line_is_refused),
		ROOM_TEST(test_a_cut_line_is_refused),
		ROOM_TEST(test_other_content_is_never_handed_over),
		ROOM_TEST(test_another_unterminated_start_is_another_file),
		ROOM_TEST(test_nuls_pass),
		ROOM_TEST(test_a_run_of_nuls_after_a_truncation_is_skipped),
		ROOM_TEST(test_beyond_4_gib),
		ROOM_TEST(test_on_in_a_compressed_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
