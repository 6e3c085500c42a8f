/* Checkpoints and dead letters, read from outside and changed. */
#include "ctl/dead_letters.h"
#include "ctl/saved.h"

#include "base/clock.h"
#include "base/state.h"
#include "room.h"

#include <errno.h>

/* A checkpoint of one file "log", at `offset`. */
static void make_checkpoint(int directory, uint64_t offset)
{
	struct record record = { .id = "x", .path = (char *)"log" };
	char *body = NULL;
	size_t size;
	FILE *out = open_memstream(&body, &size);
	int fd = open("log", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(place_take(&record.place, fd, offset), 0);
	close(fd);
	fputs("token T\nlooked 5\n", out);
	record_write(out, &record, "log");
	record_write_total(out, &record.accounts, "log");
	fclose(out);
	assert_int_equal(state_save(directory, "tail-app.checkpoint", CHECKPOINT_KIND, body), 0);
	free(body);
}

static int open_room(void)
{
	int directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(directory >= 0);
	return directory;
}

static void test_written_as_it_was_read(void **state)
{
	int directory = open_room();
	struct saved saved;
	char *before, *after;

	(void)state;
	put("log", "one\ntwo\n");
	make_checkpoint(directory, 4);
	assert_int_equal(state_load(directory, "tail-app.checkpoint", CHECKPOINT_KIND, &before), 0);
	assert_int_equal(saved_read(directory, "app", &saved), 0);
	assert_string_equal(saved.token, "T");
	assert_int_equal(saved.tracker.streams[0]->oldest->record.place.offset, 4);
	assert_int_equal(saved_write(directory, "app", &saved), 0);
	assert_int_equal(state_load(directory, "tail-app.checkpoint", CHECKPOINT_KIND, &after), 0);
	assert_string_equal(after, before);
	free(before);
	free(after);
	saved_free(&saved);
	close(directory);
}

/* A daemon that is about to rename it must not be disturbed by a reader. */
static void test_reading_removes_nothing(void **state)
{
	int directory = open_room();
	struct saved saved;

	(void)state;
	put("log", "one\n");
	make_checkpoint(directory, 4);
	put("tail-app.checkpoint.tmp", "half");
	assert_int_equal(saved_read(directory, "app", &saved), 0);
	saved_free(&saved);
	assert_int_equal(access("tail-app.checkpoint.tmp", F_OK), 0);
	close(directory);
}

static void test_damage(void **state)
{
	int directory = open_room();
	struct saved saved;
	struct stat st;

	(void)state;
	assert_int_equal(saved_read(directory, "app", &saved), -ENOENT);
	assert_int_equal(saved_read(directory, "../app", &saved), -EINVAL);
	assert_int_equal(saved_read(directory, "", &saved), -EINVAL);
	put("log", "one\n");
	make_checkpoint(directory, 4);
	assert_int_equal(stat("tail-app.checkpoint", &st), 0);
	for (off_t size = st.st_size - 1; size >= 0; size--) {
		assert_int_equal(truncate("tail-app.checkpoint", size), 0);
		assert_int_equal(saved_read(directory, "app", &saved), -EBADMSG);
	}
	assert_int_equal(state_save(directory, "tail-app.checkpoint", CHECKPOINT_KIND,
				 "looked 1\nfile of nonsense\n"),
		0);
	assert_int_equal(saved_read(directory, "app", &saved), -EBADMSG);
	assert_int_equal(
		state_save(directory, "tail-app.checkpoint", "linekeeper-tail 2", "looked 1\n"), 0);
	assert_int_equal(saved_read(directory, "app", &saved), -EBADMSG);
	close(directory);
}

static void test_lag(void **state)
{
	int fd;
	struct record record = { .path = (char *)"log" };
	struct lag lag;
	uint64_t now = clock_realtime_ns();

	(void)state;
	put("log", "one\ntwo\n");
	fd = open("log", O_RDONLY | O_CLOEXEC);
	assert_int_equal(place_take(&record.place, fd, 4), 0);
	assert_true(saved_lag(&record, now + 100 * NS_PER_S, &lag));
	assert_int_equal(lag.bytes, 4);
	assert_in_range(lag.seconds, 99, 102);
	assert_int_equal(place_take(&record.place, fd, 8), 0);
	assert_true(saved_lag(&record, now + 100 * NS_PER_S, &lag));
	assert_int_equal(lag.bytes, 0);
	assert_int_equal(lag.seconds, 0);
	close(fd);
}

static void test_lag_that_cannot_be_told(void **state)
{
	struct record record = { .path = (char *)"log" };
	struct lag lag = { 77, 77 };
	int fd;

	(void)state;
	put("log", "one\ntwo\n");
	fd = open("log", O_RDONLY | O_CLOEXEC);
	assert_int_equal(place_take(&record.place, fd, 8), 0);
	close(fd);
	assert_int_equal(truncate("log", 3), 0);
	assert_false(saved_lag(&record, 0, &lag)); /* shorter than what was read */
	assert_int_equal(rename("log", "log.1"), 0);
	assert_false(saved_lag(&record, 0, &lag)); /* gone */
	put("log", "another file\n");
	assert_false(saved_lag(&record, 0, &lag));
	record.path = (char *)"log.gz";
	assert_int_equal(rename("log.1", "log.gz"), 0);
	assert_false(saved_lag(&record, 0, &lag)); /* its size is another matter */
	assert_int_equal(lag.bytes, 77);
}

static void assert_no_dead_letter(const char *text)
{
	char *copy = strdup(text);
	struct dead_line dead;

	if (dead_line_parse(copy, &dead) != -EINVAL)
		fail_msg("taken for a dead letter: %s", text);
	free(copy);
}

static void test_dead_letters(void **state)
{
	char text[] = "time=1767225600 file=a-1 path=/x%20y offset=12 reason=too%20odd "
		      "line=a%00b%ff%0dc";
	struct dead_line dead;

	(void)state;
	assert_int_equal(dead_line_parse(text, &dead), 0);
	assert_int_equal(dead.time_s, 1767225600);
	assert_int_equal(dead.offset, 12);
	assert_string_equal(dead.path, "/x y");
	assert_string_equal(dead.reason, "too odd");
	assert_int_equal(dead.len, 6);
	assert_memory_equal(dead.line, "a\0b\xff\rc", 6);
	assert_no_dead_letter("");
	assert_no_dead_letter("time=1");
	assert_no_dead_letter("time=x file=a path=/x offset=12 reason=r line=l");
	assert_no_dead_letter("time=1 file=a path=/x offset=-12 reason=r line=l");
	assert_no_dead_letter("time=1 file=a path=/x offset=12 reason=r");
	assert_no_dead_letter("time=1 file=a path=/x offset=12 reason=r line=l more");
	assert_no_dead_letter("time=1 file=a path=/x offset=12 reason=r line=%");
	assert_no_dead_letter("time=1 file=a path=/x offset=12 reason=r line=%4");
	assert_no_dead_letter("time=1 file=a path=/x offset=12 reason=r line=%zz");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOM_TEST(test_written_as_it_was_read),
		ROOM_TEST(test_reading_removes_nothing),
		ROOM_TEST(test_damage),
		ROOM_TEST(test_lag),
		ROOM_TEST(test_lag_that_cannot_be_told),
		cmocka_unit_test(test_dead_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
