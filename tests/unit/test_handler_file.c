#include "handler_driver.h"

static char path_option[128];

static void configure(struct driver *driver)
{
	const char *options[] = { path_option, NULL };

	snprintf(path_option, sizeof(path_option), "path=%s", here("out"));
	driver_configure(driver, "file", options);
}

static void start(struct driver *driver, const char *token, int replays)
{
	char kept[1024];

	if (token)
		snprintf(kept, sizeof(kept), "%s", token);
	configure(driver);
	assert_int_equal(driver_open(driver, token ? kept : NULL, replays), 0);
	assert_int_equal(driver_commit(driver), LK_OK);
}

static void every_line_is_ended_by_a_newline(void **state)
{
	struct driver driver;

	(void)state;
	start(&driver, NULL, 0);
	assert_int_equal(driver_put(&driver, "one\n\ntwo\nwithout end"), LK_OK);
	assert_int_equal(driver_put(&driver, "next\r\n"), LK_OK);
	driver_close(&driver);
	assert_string_equal(load(here("out")), "one\n\ntwo\nwithout end\nnext\r\n");
}

static void nothing_is_written_before_the_first_commit(void **state)
{
	struct driver driver;

	(void)state;
	store(here("out"), "torn");
	start(&driver, NULL, 0);
	assert_string_equal(load(here("out")), "torn");
	assert_int_equal(driver_put(&driver, "whole\n"), LK_OK);
	driver_close(&driver);
	assert_string_equal(load(here("out")), "torn\nwhole\n");
}

static void what_is_in_doubt_is_cut_off_when_all_comes_again(void **state)
{
	struct driver driver;
	struct lk_token token;

	(void)state;
	start(&driver, NULL, 0);
	driver_put(&driver, "one\n");
	assert_int_equal(driver_commit(&driver), LK_OK);
	token = driver.token;
	driver_put(&driver, "two\nthree\n");
	driver_close(&driver);
	start(&driver, token.text, 1);
	assert_string_equal(load(here("out")), "one\n");
	assert_non_null(strstr(logged, "cut off 10 bytes"));
	driver_put(&driver, "two\nthree\n");
	assert_int_equal(driver_commit(&driver), LK_OK);
	driver_close(&driver);
	assert_string_equal(load(here("out")), "one\ntwo\nthree\n");
}

static void a_crash_before_the_second_commit_of_a_new_output_doubles_nothing(void **state)
{
	struct driver driver;
	struct lk_token token;

	(void)state;
	start(&driver, NULL, 0);
	token = driver.token;
	driver_put(&driver, "one\n");
	driver_close(&driver);
	start(&driver, token.text, 1);
	driver_put(&driver, "one\n");
	driver_close(&driver);
	assert_string_equal(load(here("out")), "one\n");
}

static void whole_lines_stay_when_not_all_comes_again(void **state)
{
	struct driver driver;
	struct lk_token token;
	int fd;

	(void)state;
	start(&driver, NULL, 0);
	driver_put(&driver, "one\n");
	assert_int_equal(driver_commit(&driver), LK_OK);
	token = driver.token;
	driver_put(&driver, "two\nthree\n");
	driver_close(&driver);
	fd = open(here("out"), O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(file_write_all(fd, "to", 2), 0);
	close(fd);
	start(&driver, token.text, 0);
	driver_close(&driver);
	assert_string_equal(load(here("out")), "one\ntwo\nthree\n");
	assert_non_null(strstr(logged, "2 lines (10 bytes)"));
	assert_non_null(strstr(logged, "may be repeated"));
}

static void more_than_can_come_again_stays(void **state)
{
	struct driver driver;
	struct lk_token token;

	(void)state;
	start(&driver, NULL, 0);
	token = driver.token;
	driver_put(&driver, "two\nthree\n");
	driver_close(&driver);
	configure(&driver);
	driver.most = 7; /* of "two" and "three", without newlines, there were 8 */
	assert_int_equal(driver_open(&driver, token.text, 1), 0);
	driver_close(&driver);
	assert_string_equal(load(here("out")), "two\nthree\n");
	assert_non_null(strstr(logged, "may be repeated"));
	configure(&driver);
	driver.most = 8;
	assert_int_equal(driver_open(&driver, token.text, 1), 0);
	driver_close(&driver);
	assert_string_equal(load(here("out")), "");
}

static void nothing_is_said_when_nothing_is_in_doubt(void **state)
{
	struct driver driver;
	struct lk_token token;

	(void)state;
	start(&driver, NULL, 0);
	driver_put(&driver, "one\n");
	assert_int_equal(driver_commit(&driver), LK_OK);
	token = driver.token;
	driver_close(&driver);
	start(&driver, token.text, 0);
	driver_close(&driver);
	assert_string_equal(logged, "");
}

static void another_file_is_only_appended_to(void **state)
{
	struct driver driver;
	struct lk_token token;

	(void)state;
	start(&driver, NULL, 0);
	driver_put(&driver, "one\n");
	assert_int_equal(driver_commit(&driver), LK_OK);
	token = driver.token;
	driver_put(&driver, "two\n");
	driver_close(&driver);

	/* Another inode, though it begins with the same bytes. */
	assert_int_equal(rename(here("out"), here("out.1")), 0);
	store(here("out"), "one\nof a stranger\n");
	start(&driver, token.text, 1);
	assert_non_null(strstr(logged, "only appended to"));
	driver_put(&driver, "two\n");
	driver_close(&driver);
	assert_string_equal(load(here("out")), "one\nof a stranger\ntwo\n");

	/* The same inode, with other content. */
	assert_int_equal(rename(here("out.1"), here("out")), 0);
	store(here("out"), "other content\n");
	start(&driver, token.text, 1);
	driver_close(&driver);
	assert_string_equal(load(here("out")), "other content\n");
}

static void a_new_file_with_the_inode_of_the_empty_old_one_is_not_cut(void **state)
{
	struct driver driver;
	struct lk_token token;
	char *born;

	(void)state;
	start(&driver, NULL, 0);
	token = driver.token;
	driver_close(&driver);
	/* As if this inode had been another file's before. */
	born = strchr(token.text, '@');
	assert_non_null(born);
	born[1] = born[1] == '2' ? '1' : '2';
	store(here("out"), "of a stranger\n");
	start(&driver, token.text, 1);
	driver_close(&driver);
	assert_string_equal(load(here("out")), "of a stranger\n");
}

static void a_foreign_token_cuts_nothing(void **state)
{
	struct driver driver;

	(void)state;
	store(here("out"), "kept\n");
	start(&driver, "of some module", 1);
	driver_close(&driver);
	assert_string_equal(load(here("out")), "kept\n");
	assert_non_null(strstr(logged, "not this handler's"));
}

static void a_second_user_of_the_file_is_refused(void **state)
{
	struct driver driver, second;

	(void)state;
	start(&driver, NULL, 0);
	configure(&second);
	assert_true(driver_open(&second, NULL, 0) < 0);
	assert_non_null(strstr(second.reason, "used by another process"));
	driver_close(&driver);
	start(&second, NULL, 0);
	driver_close(&second);
}

static void a_renamed_output_is_left_on_reopen_only(void **state)
{
	struct driver driver;
	char *old = here("out.1");

	(void)state;
	start(&driver, NULL, 0);
	driver_put(&driver, "one\n");
	assert_int_equal(rename(here("out"), old), 0);
	driver_put(&driver, "two\n");
	assert_int_equal(driver.handler->reopen(driver.state, &driver.result), LK_OK);
	assert_int_equal(driver_commit(&driver), LK_OK);
	driver_put(&driver, "three\n");
	assert_int_equal(driver.handler->reopen(driver.state, &driver.result), LK_OK);
	driver_put(&driver, "four\n");
	driver_close(&driver);
	assert_string_equal(load(old), "one\ntwo\n");
	assert_string_equal(load(here("out")), "three\nfour\n");
}

static void the_old_output_stays_when_the_new_one_cannot_be_opened(void **state)
{
	struct driver driver;

	(void)state;
	start(&driver, NULL, 0);
	assert_int_equal(rename(here("out"), here("out.1")), 0);
	assert_int_equal(mkdir(here("out"), 0700), 0);
	assert_int_equal(driver.handler->reopen(driver.state, &driver.result), LK_OK);
	assert_non_null(strstr(logged, "the old file stays in use"));
	assert_int_equal(driver_put(&driver, "one\n"), LK_OK);
	driver_close(&driver);
	assert_string_equal(load(here("out.1")), "one\n");
}

static void a_full_disk_is_resumed_at_the_byte(void **state)
{
	struct driver driver;
	char *text = numbered_lines(MAX_LINES);
	size_t taken;
	int fd;

	(void)state;
	SKIP_WITHOUT_MOUNTS();
	assert_int_equal(mount("none", directory, "tmpfs", 0, "size=128k"), 0);
	assert_int_equal(chdir(directory), 0);
	fd = open(here("ballast"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(posix_fallocate(fd, 0, 65536), 0);
	start(&driver, NULL, 0);
	assert_int_equal(driver_put(&driver, text), LK_LATER);
	taken = driver.result.accepted;
	assert_in_range(taken, 1000, 8000);
	assert_int_equal(driver_put(&driver, text + 11 * taken), LK_LATER);
	assert_int_equal(driver.result.accepted, 0);
	assert_int_equal(driver_commit_once(&driver), LK_LATER);
	assert_null(strstr(strstr(logged, "No space left") + 1, "No space left"));

	assert_int_equal(ftruncate(fd, 0), 0);
	close(fd);
	text[11 * (taken + 1000)] = '\0';
	assert_int_equal(driver_put(&driver, text + 11 * taken), LK_OK);
	assert_int_equal(driver_commit(&driver), LK_OK);
	assert_non_null(strstr(logged, "can be written again"));
	driver_close(&driver);
	assert_string_equal(load(here("out")), text);
	free(text);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(umount(directory), 0);
}

static void bad_settings_are_refused_with_the_reason(void **state)
{
	static const struct {
		const char *options[3], *reason;
	} bad[] = {
		{ { NULL }, "no \"path\" is set" },
		{ { "path=relative", NULL }, "relative: not an absolute path" },
		{ { "path=/no/such/directory/x", NULL }, "/no/such/directory: No such file" },
		{ { "path=/dev/null", NULL }, "/dev/null: not a regular file" },
		{ { "path=/tmp", NULL }, "/tmp: not a regular file" },
		{ { "path=/tmp/x", "colour=red", NULL }, "no such option: \"colour\"" },
	};
	struct driver driver;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		driver_configure(&driver, "file", bad[i].options);
		assert_true(driver_check(&driver) < 0);
		assert_non_null(strstr(driver.reason, bad[i].reason));
	}
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, enter_directory, leave_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(every_line_is_ended_by_a_newline),
		IN_DIRECTORY(nothing_is_written_before_the_first_commit),
		IN_DIRECTORY(what_is_in_doubt_is_cut_off_when_all_comes_again),
		IN_DIRECTORY(a_crash_before_the_second_commit_of_a_new_output_doubles_nothing),
		IN_DIRECTORY(whole_lines_stay_when_not_all_comes_again),
		IN_DIRECTORY(more_than_can_come_again_stays),
		IN_DIRECTORY(nothing_is_said_when_nothing_is_in_doubt),
		IN_DIRECTORY(another_file_is_only_appended_to),
		IN_DIRECTORY(a_new_file_with_the_inode_of_the_empty_old_one_is_not_cut),
		IN_DIRECTORY(a_foreign_token_cuts_nothing),
		IN_DIRECTORY(a_second_user_of_the_file_is_refused),
		IN_DIRECTORY(a_renamed_output_is_left_on_reopen_only),
		IN_DIRECTORY(the_old_output_stays_when_the_new_one_cannot_be_opened),
		IN_DIRECTORY(a_full_disk_is_resumed_at_the_byte),
		IN_DIRECTORY(bad_settings_are_refused_with_the_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
