/* Going on at the very next byte: by what the target has grown, and by a batch left half-written.
 */
#include "base/file.h"
#include "writer/append.h"
#include "writer/cut.h"
#include "writer/resume.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* cmocka wants the above first */
#include <cmocka.h>

static int file_of(const char *name, const char *text)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, text, strlen(text)), 0);
	return fd;
}

static int enter_room(void **state)
{
	char *room = strdup("/tmp/writer-test-XXXXXX");

	*state = room;
	return room && mkdtemp(room) && chdir(room) == 0 ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st, (void)type, (void)walk;
	return remove(path);
}

static int leave_room(void **state)
{
	int r = chdir("/") < 0 || nftw(*state, remove_entry, 8, FTW_DEPTH | FTW_PHYS) < 0;

	free(*state);
	return r;
}

/* By growth */

#define SOURCE "one\ntwo\nthree\nfour"
#define DONE 4 /* "one\n" */

static ssize_t read_file(void *fd, void *buffer, size_t len, uint64_t offset)
{
	return file_read_at(*(int *)fd, buffer, len, (off_t)offset);
}

/* The checkpoint was saved behind "one"; then the target grew by this. */
static struct position resume(const char *grown)
{
	struct checkpoint checkpoint = { .position = { .offset = DONE, .lines = 1 } };
	struct position position = { 0 };
	int source = file_of("source", SOURCE), target = file_of("target", "before\none\n");
	struct resume_files files = { .read = read_file, .source = &source };

	assert_int_equal(place_take(&checkpoint.source, source, DONE), 0);
	assert_int_equal(place_take(&checkpoint.target, target, strlen("before\none\n")), 0);
	checkpoint.has_target = true;
	assert_int_equal(file_write_all(target, grown, strlen(grown)), 0);
	files.target = target;
	assert_int_equal(resume_by_growth(&checkpoint, &files, &position), 0);
	close(source);
	close(target);
	return position;
}

static void check(const char *grown, uint64_t offset, uint64_t lines, uint64_t newline_added)
{
	struct position position = resume(grown);

	assert_int_equal(position.offset, offset);
	assert_int_equal(position.lines, lines);
	assert_int_equal(position.newline_added, newline_added);
}

static void test_growth_is_compared_with_the_source(void **state)
{
	(void)state;
	check("", 4, 1, 0);
	check("two\n", 8, 2, 0);
	check("two\nthree\n", 14, 3, 0);
	check("two\nthree\nfour", 18, 3, 0);
	check("two\nthree\nfour\n", 18, 4, 1);
}

static void test_a_torn_line_is_gone_on_with(void **state)
{
	(void)state;
	check("two\nth", 10, 2, 0);
}

static void test_a_torn_line_others_have_written_on_starts_again(void **state)
{
	(void)state;
	check("two\nthOTHER\n", 8, 2, 0);
	check("OTHER\ntwo\n", 4, 1, 0);
}

static void test_another_target_tells_nothing(void **state)
{
	struct checkpoint checkpoint = { .position = { .offset = DONE, .lines = 1 } };
	struct position position;
	int source = file_of("source", SOURCE), target = file_of("target", "before\none\n");
	struct resume_files files = { .read = read_file, .source = &source };

	(void)state;
	assert_int_equal(place_take(&checkpoint.target, target, strlen("before\none\n")), 0);
	checkpoint.has_target = true;
	close(target);
	target = file_of("target", "another\nfile\nand\ntwo\n");
	files.target = target;
	assert_int_equal(resume_by_growth(&checkpoint, &files, &position), 0);
	assert_int_equal(position.offset, DONE);
	close(source);
	close(target);
}

/* By the batch */

static int state_directory_of_test(void)
{
	assert_true(mkdir("state", 0700) == 0);
	return open("state", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void set_text(struct append *append, const char *text)
{
	struct position next = { .offset = strlen(text), .lines = cut_count(text, strlen(text)) };

	memcpy(append->batch.data, text, strlen(text));
	batch_set(&append->batch, 0, strlen(text), &next);
}

/* Leaves behind what a kill -9 does that comes after so many bytes were written, and noted or not.
 */
static void leave_half_written(int state, const char *text, size_t written, size_t noted)
{
	struct append append = APPEND_CLOSED;
	struct target_note *note;
	struct batch_header *header;

	assert_int_equal(target_open(&append.target, "target"), 0);
	assert_int_equal(append_open(&append, state, "section"), 0);
	set_text(&append, text);
	header = append.batch.header;
	header->device = append.target.device;
	header->inode = append.target.inode;
	header->size = (uint64_t)lseek(append.target.fd, 0, SEEK_END);
	header->written = noted;
	note = append.lock.note;
	snprintf(note->owner, sizeof(note->owner), "%s", append.owner);
	note->unfinished = 1;
	assert_int_equal(file_write_all(append.target.fd, text, written), 0);
	append_close(&append);
}

static void assert_target(const char *path, const char *expected)
{
	char *data;
	size_t len;

	assert_int_equal(file_load(path, 10000, &data, &len), 0);
	assert_string_equal(data, expected);
	free(data);
}

static void reopen_and_check(int state, const char *section, uint64_t offset)
{
	struct append append = APPEND_CLOSED;

	assert_int_equal(target_open(&append.target, "target"), 0);
	assert_int_equal(append_open(&append, state, section), 0);
	assert_int_equal(append.lock.note->unfinished, 0);
	assert_int_equal(append.batch.header->done.offset, offset);
	append_close(&append);
}

static void test_every_half_written_batch_is_finished(void **state)
{
	const char text[] = "one\ntwo\n";
	int directory = state_directory_of_test();

	(void)state;
	for (size_t written = 0; written < sizeof(text); written++) {
		for (size_t noted = 0; noted <= written; noted++) {
			close(file_of("target", "before\n"));
			leave_half_written(directory, text, written, noted);
			reopen_and_check(directory, "section", strlen(text));
			assert_target("target", "before\none\ntwo\n");
		}
	}
	close(directory);
}

static void test_a_neighbour_finishes_it_and_the_owner_knows(void **state)
{
	int directory = state_directory_of_test();

	(void)state;
	leave_half_written(directory, "one\ntwo\n", 5, 0);
	reopen_and_check(directory, "neighbour", 0);
	assert_target("target", "one\ntwo\n");
	reopen_and_check(directory, "section", 8);
	assert_target("target", "one\ntwo\n");
	close(directory);
}

static void test_it_is_finished_in_the_rotated_file(void **state)
{
	int directory = state_directory_of_test();

	(void)state;
	leave_half_written(directory, "one\ntwo\n", 5, 0);
	assert_int_equal(rename("target", "target.1"), 0);
	reopen_and_check(directory, "section", 8);
	assert_target("target.1", "one\ntwo\n");
	assert_target("target", "");
	close(directory);
}

static void test_where_the_old_file_is_gone_it_is_written_again(void **state)
{
	int directory = state_directory_of_test();

	(void)state;
	leave_half_written(directory, "one\ntwo\n", 5, 0);
	/* Keeps the inode number from being used again. */
	assert_int_equal(mkdir("elsewhere", 0700), 0);
	assert_int_equal(rename("target", "elsewhere/target"), 0);
	reopen_and_check(directory, "section", 8);
	assert_target("target", "one\ntwo\n");
	close(directory);
}

static void test_behind_strangers_the_torn_line_comes_again(void **state)
{
	int directory = state_directory_of_test(), fd;

	(void)state;
	leave_half_written(directory, "one\ntwo\n", 5, 0);
	fd = open("target", O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(file_write_all(fd, "STRANGE\n", 8), 0);
	close(fd);
	reopen_and_check(directory, "section", 8);
	assert_target("target", "one\ntSTRANGE\ntwo\n");
	close(directory);
}

static void test_a_damaged_batch_file_is_not_believed(void **state)
{
	int directory = state_directory_of_test(), fd;
	struct batch batch;

	(void)state;
	leave_half_written(directory, "one\n", 2, 0);
	fd = open("state/section.batch", O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "garbage garbage garbage", 23, 0), 23);
	close(fd);
	assert_int_equal(batch_open_other(&batch, directory, "section.batch"), -EBADMSG);
	assert_int_equal(batch_open(&batch, directory, "section.batch"), 0);
	assert_false(batch.survived);
	batch_close(&batch);
	close(directory);
}

static void test_growing_keeps_the_content(void **state)
{
	struct batch batch;

	(void)state;
	assert_int_equal(batch_open(&batch, -1, NULL), 0);
	memset(batch.data, 'x', batch.capacity);
	batch.header->done.lines = 42;
	assert_int_equal(batch_grow(&batch), 0);
	assert_int_equal(batch.capacity, 2 * BATCH_BYTES);
	assert_int_equal(batch.header->done.lines, 42);
	assert_int_equal(batch.data[BATCH_BYTES - 1], 'x');
	while (batch.capacity < BATCH_LINE_MAX)
		assert_int_equal(batch_grow(&batch), 0);
	assert_int_equal(batch_grow(&batch), -EFBIG);
	batch_close(&batch);
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, enter_room, leave_room)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOM(test_growth_is_compared_with_the_source),
		IN_ROOM(test_a_torn_line_is_gone_on_with),
		IN_ROOM(test_a_torn_line_others_have_written_on_starts_again),
		IN_ROOM(test_another_target_tells_nothing),
		IN_ROOM(test_every_half_written_batch_is_finished),
		IN_ROOM(test_a_neighbour_finishes_it_and_the_owner_knows),
		IN_ROOM(test_it_is_finished_in_the_rotated_file),
		IN_ROOM(test_where_the_old_file_is_gone_it_is_written_again),
		IN_ROOM(test_behind_strangers_the_torn_line_comes_again),
		IN_ROOM(test_a_damaged_batch_file_is_not_believed),
		IN_ROOM(test_growing_keeps_the_content),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
