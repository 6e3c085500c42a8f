/* Logs through rotations and restarts, as a section of the tailer follows them. */
#include "lines/tracker.h"

#include "packed.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <signal.h>

#define PATHS 4

/* One life of a section, and what it hands to the next one. */
struct life {
	char *paths[PATHS + 1];
	struct stream_rules rules;
	size_t max_open;
	struct tracker tracker;
	struct reader reader;
	char *checkpoint;
	char *text; /* all lines handed over, in this life and those before */
	size_t size;
	FILE *out;
};

static struct life *life_of(void *const *state)
{
	return *(struct life *const *)state;
}

/* The test's directory is *state until the life is; it is found again as the working directory. */
static int enter(void **state)
{
	struct life *life = calloc(1, sizeof(*life));

	assert_non_null(life);
	signal(SIGIO, SIG_IGN);
	log_open("test", LOG_TO_NOTHING);
	life->max_open = 100;
	life->out = open_memstream(&life->text, &life->size);
	assert_non_null(life->out);
	room_enter(state);
	free(*state);
	*state = life;
	return 0;
}

static int leave(void **state)
{
	struct life *life = *state;

	tracker_free(&life->tracker);
	reader_free(&life->reader);
	fclose(life->out);
	free(life->text);
	free(life->checkpoint);
	for (int i = 0; i < PATHS; i++)
		free(life->paths[i]);
	free(life);
	*state = get_current_dir_name();
	return room_leave(state);
}

#define LIFE_TEST(test) cmocka_unit_test_setup_teardown(test, enter, leave)

static void load(struct life *life)
{
	char *copy = strdup(life->checkpoint), *rest = copy, *line;

	while ((line = strsep(&rest, "\n")))
		if (*line)
			assert_int_equal(tracker_read_line(&life->tracker, line), 0);
	free(copy);
	tracker_forget_unconfigured(&life->tracker);
}

static void begin(struct life *life)
{
	assert_int_equal(
		tracker_init(&life->tracker, life->paths, &life->rules, life->max_open), 0);
	assert_int_equal(reader_init(&life->reader, 1 << 20, LONG_LINE_SPLIT), 0);
	if (life->checkpoint)
		load(life);
}

static void follow(struct life *life, const char *path)
{
	int i = 0;

	while (life->paths[i])
		i++;
	assert_true(i < PATHS);
	life->paths[i] = file_absolute(path);
}

static void take_lines(struct life *life, const struct reading *reading)
{
	for (size_t i = 0; i < reading->split.count; i++) {
		const struct lk_line *line = &life->reader.splitter.lines[i];

		fwrite(line->data, 1, line->len, life->out);
		fputs(line->flags & LK_LINE_NEWLINE ? "\n" : "~", life->out);
	}
	reader_accept(&life->reader, reading, reading->split.count);
}

static bool round_of(struct life *life)
{
	struct reading reading;
	bool more = false;

	for (size_t i = 0; i < life->tracker.count; i++)
		if (tracker_read(&life->tracker, i, &life->reader, false, &reading) > 0) {
			take_lines(life, &reading);
			more = true;
		}
	return more;
}

/* Two looks, as time goes by, and all that is to be read. */
static void look(struct life *life)
{
	for (int i = 0; i < 2; i++) {
		tracker_look(&life->tracker, true);
		while (round_of(life))
			;
		tracker_tidy(&life->tracker);
	}
}

static void save(struct life *life)
{
	size_t size;
	FILE *out;

	free(life->checkpoint);
	out = open_memstream(&life->checkpoint, &size);
	assert_non_null(out);
	tracker_see(&life->tracker);
	tracker_write(&life->tracker, out);
	fclose(out);
	tracker_recorded(&life->tracker);
}

static void end(struct life *life)
{
	save(life);
	tracker_free(&life->tracker);
	reader_free(&life->reader);
}

static void restart(struct life *life)
{
	end(life);
	begin(life);
}

static void assert_handed(struct life *life, const char *expected)
{
	fflush(life->out);
	assert_string_equal(life->text, expected);
}

static struct accounts accounts(const struct life *life)
{
	struct accounts sum = { 0 };

	for (size_t i = 0; i < life->tracker.count; i++) {
		const struct stream *stream = life->tracker.streams[i];

		accounts_add(&sum, &stream->total);
		for (const struct logfile *file = stream->oldest; file; file = file->younger)
			accounts_add(&sum, &file->record.accounts);
	}
	return sum;
}

static void assert_nothing_lost(const struct life *life)
{
	struct accounts sum = accounts(life);

	assert_int_equal(sum.lost, 0);
	assert_int_equal(sum.gaps, 0);
}

/* A log of its own, longer than the windows of a place. */
static void put_long(struct life *life, const char *name, char **text)
{
	size_t size;
	FILE *out = open_memstream(text, &size);

	(void)life;
	assert_non_null(out);
	for (int i = 0; i < 200; i++)
		fprintf(out, "%s: line %d\n", name, i);
	fclose(out);
	put(name, *text);
}

static void pack_away(const char *name, const char *packed, const char *text)
{
	assert_int_equal(unlink(name), 0);
	put_packed(packed, &packings[0], text, strlen(text));
}

static void copy_file(const char *from, const char *to)
{
	char *bytes;
	size_t len;

	assert_int_equal(file_load(from, 1 << 20, &bytes, &len), 0);
	put_bytes(to, bytes, len);
	free(bytes);
}

static void test_follows_what_is_appended(void **state)
{
	struct life *life = life_of(state);

	follow(life, "log");
	put("log", "one\ntw");
	begin(life);
	look(life);
	assert_handed(life, "one\n");
	append("log", "o\n");
	look(life);
	assert_handed(life, "one\ntwo\n");
	assert_int_equal(accounts(life).handed, 8);
}

static void test_a_log_that_comes_later(void **state)
{
	struct life *life = life_of(state);

	follow(life, "log");
	begin(life);
	look(life);
	put("log", "one\n");
	look(life);
	assert_handed(life, "one\n");
	assert_nothing_lost(life);
}

static void test_goes_on_after_a_restart(void **state)
{
	struct life *life = life_of(state);

	follow(life, "log");
	put("log", "one\ntwo\nthr");
	begin(life);
	look(life);
	restart(life);
	look(life);
	assert_true(tracker_all_found(&life->tracker));
	append("log", "ee\n");
	look(life);
	assert_handed(life, "one\ntwo\nthree\n");
}

static void test_renamed_and_late_lines(void **state)
{
	struct life *life = life_of(state);

	follow(life, "log");
	put("log", "one\n");
	begin(life);
	look(life);
	append("log", "two\n");
	assert_int_equal(rename("log", "log.1"), 0);
	put("log", "three\n");
	look(life);
	assert_handed(life, "one\ntwo\nthree\n");
	assert_nothing_lost(life);
}

/* The daemon that writes has not been told yet. */
/* As of a worker that has requests to finish, long after the rotation. */
static void test_late_lines_come_as_long_as_there_is_a_writer(void **state)
{
	struct life *life = life_of(state);
	int writer;

	life->rules.grace_ns = 0;
	follow(life, "log");
	put("log", "one\n");
	writer = open("log", O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_return_code(writer, errno);
	begin(life);
	look(life);
	assert_int_equal(rename("log", "log.1"), 0);
	put("log", "two\n");
	look(life);
	look(life);
	assert_int_equal(write(writer, "late\n", 5), 5);
	look(life);
	assert_handed(life, "one\ntwo\nlate\n");
	restart(life);
	look(life);
	assert_int_equal(write(writer, "later\n", 6), 6);
	look(life);
	assert_handed(life, "one\ntwo\nlate\nlater\n");
	close(writer);
	look(life);
	assert_nothing_lost(life);
}

static void test_lines_to_the_renamed_file_come(void **state)
{
	struct life *life = life_of(state);
	FILE *writer;

	life->rules.grace_ns = 3600 * NS_PER_S;
	follow(life, "log");
	writer = fopen("log", "ae");
	fputs("one\n", writer);
	fflush(writer);
	begin(life);
	look(life);
	assert_int_equal(rename("log", "log.1"), 0);
	look(life);
	fputs("late\n", writer);
	fflush(writer);
	look(life);
	assert_handed(life, "one\nlate\n");
	put("log", "new\n");
	look(life);
	fputs("later\n", writer);
	fclose(writer);
	look(life);
	assert_handed(life, "one\nlate\nnew\nlater\n");
	assert_nothing_lost(life);
}

static void test_an_unterminated_end_is_glued_to_nothing(void **state)
{
	struct life *life = life_of(state);

	follow(life, "log");
	put("log", "one\nunfin");
	begin(life);
	look(life);
	assert_int_equal(rename("log", "log.1"), 0);
	put("log", "two\n");
	look(life);
	assert_handed(life, "one\nunfin~two\n");
	assert_nothing_lost(life);
}

static void test_an_unterminated_end_holds_the_next_file_back(void **state)
{
	struct life *life = life_of(state);
	FILE *writer;

	life->rules.grace_ns = 3600 * NS_PER_S;
	follow(life, "log");
	writer = fopen("log", "ae");
	fputs("unfin", writer);
	fflush(writer);
	begin(life);
	look(life);
	assert_int_equal(rename("log", "log.1"), 0);
	put("log", "two\n");
	look(life);
	assert_handed(life, "");
	assert_true(tracker_waits(&life->tracker));
	fputs("ished\n", writer);
	fclose(writer);
	look(life);
	assert_handed(life, "unfinished\ntwo\n");
}

static void test_copied_and_truncated(void **state)
{
	struct life *life = life_of(state);
	char *text;

	follow(life, "log");
	put_long(life, "log", &text);
	begin(life);
	look(life);
	append("log", "unread\n");
	copy_file("log", "log.1");
	assert_int_equal(truncate("log", 0), 0);
	append("log", "new\n");
	look(life);
	fflush(life->out);
	assert_memory_equal(life->text, text, strlen(text));
	assert_string_equal(life->text + strlen(text), "unread\nnew\n");
	assert_nothing_lost(life);
	free(text);
}

/* Lines came between the copy and the truncation: those that we had read are not lost, and nothing
 * of the copy is new. */
static void test_copied_before_all_was_read(void **state)
{
	struct life *life = life_of(state);
	char *text;

	follow(life, "log");
	put_long(life, "log", &text);
	begin(life);
	look(life);
	copy_file("log", "log.1");
	append("log", "after the copy\nunfin");
	look(life);
	assert_int_equal(truncate("log", 0), 0);
	append("log", "new\n");
	look(life);
	fflush(life->out);
	assert_memory_equal(life->text, text, strlen(text));
	assert_string_equal(life->text + strlen(text), "after the copy\nnew\n");
	assert_int_equal(accounts(life).lost, 5);
	assert_int_equal(accounts(life).gaps, 1);
	free(text);
}

/* ftruncate(2) of what was not yet handed over only. */
static void test_an_end_cut_off(void **state)
{
	struct life *life = life_of(state);
	char *text;

	follow(life, "log");
	put_long(life, "log", &text);
	append("log", "unfinished");
	begin(life);
	look(life);
	assert_int_equal(truncate("log", (off_t)strlen(text) + 5), 0);
	look(life);
	append("log", " business\n");
	look(life);
	fflush(life->out);
	assert_memory_equal(life->text, text, strlen(text));
	assert_string_equal(life->text + strlen(text), "unfin business\n");
	assert_int_equal(accounts(life).lost, 5);
	assert_int_equal(accounts(life).gaps, 1);
	free(text);
}

static void test_truncated_without_a_copy_is_counted(void **state)
{
	struct life *life = life_of(state);

	follow(life, "log");
	put("log", "one\nunfin");
	begin(life);
	look(life);
	assert_int_equal(truncate("log", 0), 0);
	append("log", "new\n");
	look(life);
	assert_handed(life, "one\nnew\n");
	assert_int_equal(accounts(life).lost, 5);
	assert_int_equal(accounts(life).gaps, 1);
	assert_int_equal(accounts(life).handed, 8);
}

/* As long as before or longer: only the content tells. */
static void test_refilled_past_the_old_offset(void **state)
{
	struct life *life = life_of(state);

	follow(life, "log");
	put("log", "one\ntwo\n");
	begin(life);
	look(life);
	put("log", "new one\nnew two\nnew three\n");
	look(life);
	assert_handed(life, "one\ntwo\nnew one\nnew two\nnew three\n");
	assert_int_equal(accounts(life).gaps, 1);
}

static void test_nuls_of_a_writer_without_append(void **state)
{
	struct life *life = life_of(state);

	follow(life, "log");
	put("log", "0123456789\n");
	begin(life);
	look(life);
	assert_int_equal(truncate("log", 0), 0);
	look(life);
	put_at("log", "new\n", 4, 11);
	look(life);
	assert_handed(life, "0123456789\nnew\n");
	assert_int_equal(accounts(life).skipped, 11);
}

static void link_to(const char *name)
{
	unlink("log");
	assert_int_equal(symlink(name, "log"), 0);
}

static void test_a_link_turned_back(void **state)
{
	struct life *life = life_of(state);

	follow(life, "log");
	put("a", "one\n");
	put("b", "two\n");
	link_to("a");
	begin(life);
	look(life);
	link_to("b");
	look(life);
	append("a", "three\n");
	link_to("a");
	look(life);
	link_to("b");
	look(life);
	assert_handed(life, "one\ntwo\nthree\n");
	assert_nothing_lost(life);
}

static void test_edited_rotated_and_compressed(void **state)
{
	struct life *life = life_of(state);

	follow(life, "log");
	put("log", "one\n");
	begin(life);
	look(life);
	put("draft", "one\ntwo\n");
	assert_int_equal(rename("draft", "log"), 0);
	pack_away("log", "log.1.gz", "one\ntwo\n");
	put("log", "three\n");
	look(life);
	assert_handed(life, "one\ntwo\nthree\n");
	assert_nothing_lost(life);
}

static void test_an_empty_one_that_got_late_lines_and_was_compressed(void **state)
{
	struct life *life = life_of(state);

	FILE *writer;

	life->rules.grace_ns = 3600 * NS_PER_S;
	follow(life, "log");
	writer = fopen("log", "ae");
	begin(life);
	look(life);
	assert_int_equal(rename("log", "log.1"), 0);
	put("log", "one\n");
	look(life);
	assert_handed(life, "one\n");
	end(life);
	fclose(writer);
	pack_away("log.1", "log.1.gz", "late\n");
	begin(life);
	look(life);
	assert_handed(life, "one\nlate\n");
}

/* All between two looks: only the descriptor leads to what is in the compressed file, too. */
static void test_truncated_refilled_rotated_and_compressed(void **state)
{
	struct life *life = life_of(state);

	follow(life, "log");
	put("log", "one\n");
	begin(life);
	look(life);
	put("log", "second\n");
	pack_away("log", "log.1.gz", "second\n");
	put("log", "three\n");
	look(life);
	assert_handed(life, "one\nsecond\nthree\n");
}

/* The file before it tells that the rotated ones are history. */
static void test_truncated_soon_after_a_rotation(void **state)
{
	struct life *life = life_of(state);

	follow(life, "log");
	put("log", "one\n");
	begin(life);
	look(life);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(rename("log", i ? "log-20260102" : "log-20260101"), 0);
		put("log", i ? "three\n" : "two\n");
		look(life);
	}
	put("log", "four\n");
	look(life);
	restart(life);
	put("log", "five\n");
	look(life);
	assert_handed(life, "one\ntwo\nthree\nfour\nfive\n");
}

#define HOLE 3000

static void put_behind_hole(const char *name, const char *line)
{
	put_at(name, line, strlen(line), HOLE);
}

/* Logs that begin with NULs alike are not alike. */
static void test_holes_tell_no_file_from_another(void **state)
{
	struct life *life = life_of(state);

	follow(life, "log");
	put("log", "one\n");
	begin(life);
	look(life);
	put("log", "");
	put_behind_hole("log", "two\n");
	look(life);
	assert_int_equal(rename("log", "log-20260101"), 0);
	put("log", "three\n");
	look(life);
	copy_file("log", "log-20260102");
	put("log", "");
	put_behind_hole("log", "four\n");
	look(life);
	put("log", "");
	put_behind_hole("log", "five\n");
	look(life);
	fflush(life->out);
	assert_non_null(strstr(life->text, "two\nthree\n"));
	assert_non_null(strstr(life->text, "four\n"));
	assert_string_equal(strstr(life->text, "five"), "five\n");
	assert_null(strstr(strstr(life->text, "three") + 1, "three"));
}

/* What was read between the copying and the truncation is not in the copy. */
static void test_a_shorter_copy_is_not_read_again(void **state)
{
	struct life *life = life_of(state);
	char *text, *expected;

	life->rules.grace_ns = 3600 * NS_PER_S;
	follow(life, "log");
	put_long(life, "log", &text);
	begin(life);
	append("log", "more\n");
	look(life);
	put_packed("log.1.gz", &packings[0], text, strlen(text));
	put("log", "new\n");
	look(life);
	restart(life);
	look(life);
	assert_true(asprintf(&expected, "%smore\nnew\n", text) > 0);
	assert_handed(life, expected);
	free(expected);
	free(text);
}

static void test_history_is_not_read_at_first(void **state)
{
	struct life *life = life_of(state);

	follow(life, "log");
	put("log.2", "ancient\n");
	put("log.1", "old\n");
	put("log", "one\n");
	begin(life);
	look(life);
	assert_handed(life, "one\n");
	assert_nothing_lost(life);
}

static void test_start_at_the_end(void **state)
{
	struct life *life = life_of(state);

	life->rules.start_at_end = true;
	follow(life, "log");
	follow(life, "later");
	put("log", "old\nunfin");
	begin(life);
	look(life);
	append("log", "ished\n");
	put("later", "all of it\n");
	look(life);
	assert_handed(life, "all of it\nunfinished\n");
	assert_int_equal(accounts(life).skipped, 4);
}

/* While we were away: one rotation after the other, the oldest compressed. */
static void test_catches_up_over_rotations(void **state)
{
	struct life *life = life_of(state);
	char *text;

	follow(life, "log");
	put_long(life, "log", &text);
	put("log.1", "history\n");
	begin(life);
	look(life);
	end(life);
	append("log", "tail\n");
	copy_file("log", "log.3");
	free(text);
	text = NULL;
	{
		size_t len;

		assert_int_equal(file_load("log.3", 1 << 20, &text, &len), 0);
	}
	assert_int_equal(rename("log.1", "log.4"), 0);
	assert_int_equal(unlink("log"), 0);
	pack_away("log.3", "log.3.gz", text);
	put("log.2", "second\n");
	put("log.1", "third, unfin");
	put("log", "fourth\n");
	begin(life);
	look(life);
	fflush(life->out);
	assert_memory_equal(life->text, text, strlen(text));
	assert_string_equal(life->text + strlen(text), "second\nthird, unfin~fourth\n");
	assert_nothing_lost(life);
	assert_true(tracker_all_found(&life->tracker));
	free(text);
}

/* Between two looks it was written to, rotated and packed, and we still hold it open. */
static void test_an_empty_log_is_known_in_its_packed_copy(void **state)
{
	struct life *life = life_of(state);

	follow(life, "log");
	put("log", "");
	begin(life);
	look(life);
	append("log", "first\n");
	pack_away("log", "log.1.gz", "first\n");
	put("log", "second\n");
	look(life);
	assert_handed(life, "first\nsecond\n");
	assert_nothing_lost(life);
}

/* Likewise, but now the inode is the same and the content is another. */
static void test_an_empty_log_may_have_been_copied_and_truncated(void **state)
{
	struct life *life = life_of(state);

	follow(life, "log");
	put("log", "");
	begin(life);
	look(life);
	put("log.1", "first\n");
	put("log", "second\n");
	look(life);
	assert_handed(life, "first\nsecond\n");
	assert_nothing_lost(life);
}

/* Likewise, and the search is put off, for a file that was over is gone. */
static void test_an_empty_log_is_as_unsure_when_it_is_looked_at_again(void **state)
{
	struct life *life = life_of(state);

	follow(life, "log");
	follow(life, "other");
	put("log", "before\n");
	begin(life);
	look(life);
	assert_int_equal(rename("log", "log.1"), 0);
	put("log", "");
	look(life);
	put("log.1", "first\n");
	put("log", "second\n");
	look(life);
	assert_handed(life, "before\nfirst\nsecond\n");
}

/* As if it had been renamed between a look at its path and one at its directory. */
static void test_a_file_taken_for_two_is_no_loss(void **state)
{
	struct life *life = life_of(state);
	char *text, *doubled, path[PATH_MAX];
	struct stat st;

	follow(life, "log");
	put_long(life, "log", &text);
	begin(life);
	look(life);
	end(life);
	assert_int_equal(stat("log", &st), 0);
	assert_non_null(realpath("log", path));
	assert_true(asprintf(&doubled,
			    "%sfile id=x place=%jx:%ju:0:0:0:0 size=%jd mtime=0 discarding=0"
			    " nul_run=0 handed=0 refused=0 skipped=0 lost=0 reread=0 gaps=0"
			    " path=%s stream=%s\n",
			    life->checkpoint, (uintmax_t)st.st_dev, (uintmax_t)st.st_ino,
			    (intmax_t)st.st_size, path, path) > 0);
	free(life->checkpoint);
	life->checkpoint = doubled;
	assert_int_equal(rename("log", "log.1"), 0);
	put("log", "next\n");
	begin(life);
	look(life);
	assert_nothing_lost(life);
	free(text);
}

/* What a pattern once found and is gone has been handed over, or lost, for good. */
static void test_accounts_outlive_their_logs(void **state)
{
	struct life *life = life_of(state);
	struct tracker_summary sum;

	follow(life, "*.log");
	put("a.log", "one\n");
	put("b.log", "two\nunfinished");
	begin(life);
	look(life);
	end(life);
	assert_int_equal(unlink("a.log"), 0);
	assert_int_equal(unlink("b.log"), 0);
	begin(life);
	look(life);
	assert_int_equal(life->tracker.count, 0);
	restart(life);
	tracker_summarise(&life->tracker, &sum);
	assert_int_equal(sum.accounts.handed, 8);
	assert_int_equal(sum.accounts.lost, 10);
	assert_int_equal(sum.files, 0);
}

/* For a while there is nothing but the packed copy of what was read. */
static void test_a_packed_copy_marks_the_place(void **state)
{
	struct life *life = life_of(state);

	follow(life, "log");
	put("log", "first\n");
	begin(life);
	look(life);
	pack_away("log", "log.1.gz", "first\n");
	look(life);
	put("log", "second\n");
	look(life);
	assert_handed(life, "first\nsecond\n");
	assert_nothing_lost(life);
}

/* A new file got the inode of the removed one, or the log was restored: only content tells. */
static void test_another_file_is_not_taken_for_ours(void **state)
{
	struct life *life = life_of(state);

	follow(life, "log");
	put("log", "one\ntwo\n");
	begin(life);
	look(life);
	end(life);
	put("log", "new one\nnew two\n"); /* the same inode */
	begin(life);
	look(life);
	assert_handed(life, "one\ntwo\nnew one\nnew two\n");
	assert_int_equal(accounts(life).gaps, 1);
	assert_false(tracker_all_found(&life->tracker));
}

/* Restored on another disk, or copied: another inode with what we know. */
static void test_a_copy_with_another_inode_goes_on(void **state)
{
	struct life *life = life_of(state);
	char *text;

	follow(life, "log");
	put_long(life, "log", &text);
	begin(life);
	look(life);
	end(life);
	copy_file("log", "new");
	assert_int_equal(rename("new", "log"), 0);
	append("log", "more\n");
	begin(life);
	look(life);
	fflush(life->out);
	assert_string_equal(life->text + strlen(text), "more\n");
	assert_true(tracker_all_found(&life->tracker));
	free(text);
}

static void test_patterns_find_new_logs_but_no_rotated_ones(void **state)
{
	struct life *life = life_of(state);

	follow(life, "*.log*");
	put("a.log", "a\n");
	begin(life);
	look(life);
	put("b.log", "b\n");
	assert_int_equal(rename("a.log", "a.log.1"), 0);
	put("a.log", "a again\n");
	put("a.log.2.gz", "not even compressed\n");
	look(life);
	assert_handed(life, "a\na again\nb\n");
	assert_int_equal(life->tracker.count, 2);
	assert_nothing_lost(life);
}

static void test_one_file_with_two_names_is_read_once(void **state)
{
	struct life *life = life_of(state);

	follow(life, "*.log");
	put("a.log", "one\n");
	assert_int_equal(link("a.log", "b.log"), 0);
	begin(life);
	look(life);
	append("b.log", "two\n");
	look(life);
	assert_handed(life, "one\ntwo\n");
}

static void test_numbered_logs_are_no_rotated_ones(void **state)
{
	struct life *life = life_of(state);

	follow(life, "*.log");
	put("worker-1.log", "one\n");
	put("worker.log", "zero\n");
	begin(life);
	look(life);
	assert_handed(life, "one\nzero\n");
	assert_int_equal(rename("worker.log", "worker.log.1"), 0);
	put("worker.log", "again\n");
	look(life);
	append("worker-1.log", "two\n");
	look(life);
	assert_handed(life, "one\nzero\nagain\ntwo\n");
	assert_nothing_lost(life);
}

/* By its name it could be rotated from either. */
static void test_a_sibling_of_another_log_is_left_to_it(void **state)
{
	struct life *life = life_of(state);

	follow(life, "cur.log");
	follow(life, "prev.log");
	put("cur.log", "current\n");
	put("prev.log", "previous\n");
	begin(life);
	look(life);
	restart(life);
	assert_int_equal(rename("prev.log", "prev.log.2"), 0);
	assert_int_equal(rename("cur.log", "prev.log.1"), 0);
	put("prev.log", "new\n");
	put("cur.log", "newer\n");
	look(life);
	restart(life);
	look(life);
	assert_handed(life, "current\nprevious\nnewer\nnew\n");
	assert_nothing_lost(life);
}

static void test_a_rotated_file_renamed_into_the_glob(void **state)
{
	struct life *life = life_of(state);

	follow(life, "*.log");
	put("a.log", "one\n");
	begin(life);
	look(life);
	assert_int_equal(rename("a.log", "a.log.1"), 0);
	put("a.log", "two\n");
	look(life);
	assert_int_equal(rename("a.log.1", "keep.log"), 0);
	look(life);
	append("keep.log", "three\n");
	look(life);
	assert_handed(life, "one\ntwo\nthree\n");
	assert_nothing_lost(life);
}

/* All that was seen of it is what the next one begins with, too. */
static void test_a_header_alone_tells_no_file_from_the_next(void **state)
{
	struct life *life = life_of(state);

	follow(life, "log");
	put("log", "#fields\n");
	begin(life);
	look(life);
	end(life);
	assert_int_equal(rename("log", "log.1"), 0);
	put("log", "#fields\ntwo\n");
	put_packed("log.1.gz", &packings[0], "#fields\none\n", 12);
	assert_int_equal(unlink("log.1"), 0);
	begin(life);
	look(life);
	assert_handed(life, "#fields\none\n#fields\ntwo\n");
}

static void test_renamed_to_another_path_of_the_section(void **state)
{
	struct life *life = life_of(state);

	follow(life, "*.log");
	put("a.log", "one\n");
	begin(life);
	look(life);
	assert_int_equal(rename("a.log", "b.log"), 0);
	append("b.log", "two\n");
	look(life);
	look(life);
	assert_handed(life, "one\ntwo\n");
	assert_nothing_lost(life);
}

static void test_a_removed_log_is_forgotten(void **state)
{
	struct life *life = life_of(state);

	follow(life, "*.log");
	put("a.log", "one\n");
	begin(life);
	look(life);
	assert_int_equal(unlink("a.log"), 0);
	look(life);
	assert_int_equal(life->tracker.count, 0);
	put("a.log", "new\n");
	look(life);
	assert_handed(life, "one\nnew\n");
}

/* Its inode may soon be that of a younger one, for which it would be taken. */
static void test_an_empty_one_that_was_removed_is_forgotten(void **state)
{
	struct life *life = life_of(state);
	struct tracker_summary summary;
	int writer;

	life->rules.grace_ns = 1000 * NS_PER_S;
	follow(life, "log");
	put("log", "one\n");
	writer = open("log", O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_return_code(writer, errno);
	begin(life);
	look(life);
	assert_int_equal(rename("log", "log.1"), 0);
	put("log", "");
	look(life);
	put("new", "two\n");
	assert_int_equal(rename("new", "log"), 0);
	look(life);
	tracker_summarise(&life->tracker, &summary);
	assert_int_equal(summary.files, 2); /* that of the writer, and the new one */
	close(writer);
	assert_handed(life, "one\ntwo\n");
	assert_nothing_lost(life);
}

/* Its lines were not handed over before a checkpoint knew it by content, so that nothing of it is
 * in doubt. */
static void test_an_empty_one_that_is_gone_leaves_no_doubt(void **state)
{
	struct life *life = life_of(state);

	follow(life, "log");
	put("log", "one\n");
	begin(life);
	look(life);
	assert_int_equal(rename("log", "log.2"), 0);
	put("log", "");
	look(life);
	end(life);
	pack_away("log", "log.1.gz", "two\n");
	put("log", "three\n");
	begin(life);
	look(life);
	assert_true(tracker_all_found(&life->tracker));
	assert_handed(life, "one\ntwo\nthree\n");
}

/* As a compressed copy that got the inode of one that was empty, as if it was that one still. */
static void test_an_empty_packed_one_is_not_taken_for_its_successor(void **state)
{
	struct life *life = life_of(state);

	follow(life, "log");
	put("log", "one\n");
	begin(life);
	look(life);
	assert_int_equal(rename("log", "log.3"), 0);
	put("log", "");
	look(life);
	pack_away("log", "log.2.gz", "");
	put("log", "two\n");
	look(life);
	pack_away("log.3", "log.2.gz", "one\n");
	restart(life);
	assert_int_equal(rename("log", "log.1"), 0);
	put("log", "three\n");
	look(life);
	assert_handed(life, "one\ntwo\nthree\n");
	assert_nothing_lost(life);
}

/* Its disk may only be unmounted. */
static void test_a_log_whose_directory_is_away_is_remembered(void **state)
{
	struct life *life = life_of(state);

	assert_int_equal(mkdir("disk", 0700), 0);
	follow(life, "disk/log");
	put("disk/log", "one\n");
	begin(life);
	look(life);
	end(life);
	assert_int_equal(rename("disk", "away"), 0);
	begin(life);
	look(life);
	restart(life);
	look(life);
	assert_int_equal(rename("away", "disk"), 0);
	append("disk/log", "two\n");
	look(life);
	assert_handed(life, "one\ntwo\n");
	assert_nothing_lost(life);
}

static void test_descriptors_do_not_grow_with_rotations(void **state)
{
	struct life *life = life_of(state);
	size_t before, files = 0;
	char expected[50 * 12] = "";

	follow(life, "log");
	begin(life);
	put("log", "");
	look(life);
	before = open_descriptors();
	for (int i = 0; i < 50; i++) {
		char line[12];

		snprintf(line, sizeof(line), "%d\n", i);
		append("log", line);
		strcat(expected, line);
		if (i % 5 == 0)
			look(life);
		assert_int_equal(rename("log", "log.1"), 0);
		put("log", "");
		look(life);
	}
	assert_handed(life, expected);
	assert_true(open_descriptors() <= before + 1);
	for (const struct logfile *file = life->tracker.streams[0]->oldest; file;
		file = file->younger)
		files++;
	assert_true(files > 0 && files <= 3); /* one that marks the place, one read, the live one */
	assert_nothing_lost(life);
}

static void test_no_more_open_than_allowed(void **state)
{
	struct life *life = life_of(state);
	size_t before;

	life->max_open = 5;
	follow(life, "*.log");
	for (char name[] = "a.log"; *name <= 't'; ++*name)
		put(name, "1\n");
	begin(life);
	before = open_descriptors();
	look(life);
	assert_true(open_descriptors() <= before + 5);
	for (char name[] = "a.log"; *name <= 't'; ++*name)
		append(name, "2\n");
	look(life);
	assert_true(open_descriptors() <= before + 5);
	assert_int_equal(accounts(life).handed, 20 * 4);
}

static void test_changes_are_told_until_recorded(void **state)
{
	struct life *life = life_of(state);

	follow(life, "log");
	put("log", "one\n");
	begin(life);
	look(life);
	assert_true(life->tracker.changed);
	save(life);
	assert_false(life->tracker.changed);
	append("log", "two\n");
	look(life);
	assert_false(life->tracker.changed);
	assert_int_equal(rename("log", "log.1"), 0);
	put("log", "three\n");
	look(life);
	assert_true(life->tracker.changed);
}

static void test_paths_of_any_bytes_survive_the_checkpoint(void **state)
{
	struct life *life = life_of(state);

	follow(life, "a\nlog \xff%\r");
	put("a\nlog \xff%\r", "one\n");
	begin(life);
	look(life);
	restart(life);
	append("a\nlog \xff%\r", "two\n");
	look(life);
	assert_handed(life, "one\ntwo\n");
}

static void test_paths_no_longer_configured_are_forgotten(void **state)
{
	struct life *life = life_of(state);

	follow(life, "a.log");
	follow(life, "b.log");
	put("a.log", "a\n");
	put("b.log", "b\n");
	begin(life);
	look(life);
	end(life);
	free(life->paths[1]);
	life->paths[1] = NULL;
	begin(life);
	look(life);
	assert_int_equal(life->tracker.count, 1);
	assert_false(tracker_all_found(&life->tracker));
	assert_handed(life, "a\nb\n");
}

static void test_lines_that_are_no_checkpoint(void **state)
{
	static const char *const lines[] = { "file", "file ", "total ", "looked", "looked x",
		"unknown 1", "file id=1 place=2", " " };
	struct life *life = life_of(state);

	follow(life, "log");
	begin(life);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char *line = strdup(lines[i]);

		if (tracker_read_line(&life->tracker, line) >= 0)
			fail_msg("\"%s\" was taken", lines[i]);
		free(line);
	}
}

static void test_partial_timeout(void **state)
{
	struct life *life = life_of(state);

	life->rules.partial_timeout_ns = 1;
	follow(life, "log");
	put("log", "prompt> ");
	begin(life);
	look(life);
	assert_handed(life, "prompt> ~");
}

static void test_one_path_looked_at_alone(void **state)
{
	struct life *life = life_of(state);

	follow(life, "a");
	follow(life, "b");
	put("a", "");
	put("b", "");
	begin(life);
	look(life);
	append("a", "a\n");
	append("b", "b\n");
	assert_true(tracker_look_at(&life->tracker, life->paths[1]));
	assert_false(tracker_look_at(&life->tracker, "/nowhere"));
	while (round_of(life))
		;
	fflush(life->out);
	assert_non_null(strstr(life->text, "b\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(test_follows_what_is_appended),
		LIFE_TEST(test_a_log_that_comes_later),
		LIFE_TEST(test_goes_on_after_a_restart),
		LIFE_TEST(test_renamed_and_late_lines),
		LIFE_TEST(test_late_lines_come_as_long_as_there_is_a_writer),
		LIFE_TEST(test_lines_to_the_renamed_file_come),
		LIFE_TEST(test_an_unterminated_end_is_glued_to_nothing),
		LIFE_TEST(test_an_unterminated_end_holds_the_next_file_back),
		LIFE_TEST(test_copied_and_truncated),
		LIFE_TEST(test_copied_before_all_was_read),
		LIFE_TEST(test_an_end_cut_off),
		LIFE_TEST(test_truncated_without_a_copy_is_counted),
		LIFE_TEST(test_refilled_past_the_old_offset),
		LIFE_TEST(test_nuls_of_a_writer_without_append),
		LIFE_TEST(test_a_link_turned_back),
		LIFE_TEST(test_edited_rotated_and_compressed),
		LIFE_TEST(test_an_empty_one_that_got_late_lines_and_was_compressed),
		LIFE_TEST(test_truncated_refilled_rotated_and_compressed),
		LIFE_TEST(test_truncated_soon_after_a_rotation),
		LIFE_TEST(test_holes_tell_no_file_from_another),
		LIFE_TEST(test_a_shorter_copy_is_not_read_again),
		LIFE_TEST(test_history_is_not_read_at_first),
		LIFE_TEST(test_start_at_the_end),
		LIFE_TEST(test_catches_up_over_rotations),
		LIFE_TEST(test_an_empty_log_is_known_in_its_packed_copy),
		LIFE_TEST(test_a_packed_copy_marks_the_place),
		LIFE_TEST(test_an_empty_log_may_have_been_copied_and_truncated),
		LIFE_TEST(test_an_empty_log_is_as_unsure_when_it_is_looked_at_again),
		LIFE_TEST(test_accounts_outlive_their_logs),
		LIFE_TEST(test_a_file_taken_for_two_is_no_loss),
		LIFE_TEST(test_another_file_is_not_taken_for_ours),
		LIFE_TEST(test_a_copy_with_another_inode_goes_on),
		LIFE_TEST(test_patterns_find_new_logs_but_no_rotated_ones),
		LIFE_TEST(test_one_file_with_two_names_is_read_once),
		LIFE_TEST(test_numbered_logs_are_no_rotated_ones),
		LIFE_TEST(test_a_sibling_of_another_log_is_left_to_it),
		LIFE_TEST(test_a_rotated_file_renamed_into_the_glob),
		LIFE_TEST(test_a_header_alone_tells_no_file_from_the_next),
		LIFE_TEST(test_renamed_to_another_path_of_the_section),
		LIFE_TEST(test_a_removed_log_is_forgotten),
		LIFE_TEST(test_an_empty_one_that_was_removed_is_forgotten),
		LIFE_TEST(test_an_empty_one_that_is_gone_leaves_no_doubt),
		LIFE_TEST(test_an_empty_packed_one_is_not_taken_for_its_successor),
		LIFE_TEST(test_a_log_whose_directory_is_away_is_remembered),
		LIFE_TEST(test_descriptors_do_not_grow_with_rotations),
		LIFE_TEST(test_no_more_open_than_allowed),
		LIFE_TEST(test_changes_are_told_until_recorded),
		LIFE_TEST(test_paths_of_any_bytes_survive_the_checkpoint),
		LIFE_TEST(test_paths_no_longer_configured_are_forgotten),
		LIFE_TEST(test_lines_that_are_no_checkpoint),
		LIFE_TEST(test_partial_timeout),
		LIFE_TEST(test_one_path_looked_at_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
