#include "base/log.h"

#include "room.h"

#include <errno.h>
#include <sys/mman.h>

/* What is written to descriptor 2 while `speak` runs, the caller's to free. */
static char *said(void (*speak)(void))
{
	int saved = dup(STDERR_FILENO), fd = memfd_create("stderr", MFD_CLOEXEC);
	char *text = calloc(1, 40000);

	assert_true(saved >= 0 && fd >= 0 && text);
	dup2(fd, STDERR_FILENO);
	speak();
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_true(pread(fd, text, 39999, 0) >= 0);
	close(fd);
	return text;
}

static void assert_said(void (*speak)(void), const char *expected)
{
	char *text = said(speak);

	assert_string_equal(text, expected);
	free(text);
}

static int fresh(void **state)
{
	(void)state;
	log_open("prog", LOG_TO_STDERR);
	log_set_level(LOG_INFO);
	log_set_section(NULL);
	log_divert(-1);
	unsetenv("JOURNAL_STREAM");
	return 0;
}

static void each_level(void)
{
	log_error("%s: %d", "error", 1);
	log_warning("warning");
	log_info("info");
	log_debug("debug");
}

static void test_program_and_message(void **state)
{
	(void)state;
	assert_said(each_level, "prog: error: 1\nprog: warning\nprog: info\n");
}

static void test_levels(void **state)
{
	(void)state;
	log_set_level(LOG_DEBUG);
	assert_said(each_level, "prog: error: 1\nprog: warning\nprog: info\nprog: debug\n");
	log_set_level(LOG_WARNING);
	assert_said(each_level, "prog: error: 1\nprog: warning\n");
	log_set_level(LOG_ERR);
	assert_said(each_level, "prog: error: 1\n");
}

static void one_error(void)
{
	log_error("x");
}

static void test_section(void **state)
{
	char name[] = "tail app";

	(void)state;
	log_set_section(name);
	name[0] = 'X'; /* it was copied */
	assert_said(one_error, "prog: tail app: x\n");
	log_set_section(NULL);
	assert_said(one_error, "prog: x\n");
}

static void long_message(void)
{
	char text[30000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_error("%s", text);
}

static void test_long_messages_are_cut_to_one_line(void **state)
{
	char *text = said(long_message), *newline = strchr(text, '\n');

	(void)state;
	assert_non_null(newline);
	assert_int_equal(newline[1], '\0');
	assert_true(newline - text > 2 * 4096);
	free(text);
}

static void newline_in_a_path(void)
{
	log_error("%s: %s", "/var/log/a\nprog: all is well\r", "No such file");
}

/* A file name cannot pretend to be another message. */
static void test_a_message_is_one_line(void **state)
{
	char *text = said(newline_in_a_path), *newline = strchr(text, '\n');

	(void)state;
	assert_non_null(newline);
	assert_int_equal(newline[1], '\0');
	free(text);
}

static void test_diverted(void **state)
{
	char buffer[64] = "";
	int fd = memfd_create("divert", MFD_CLOEXEC);

	(void)state;
	log_open("prog", LOG_TO_NOTHING);
	log_set_section("s");
	log_divert(fd);
	assert_said(one_error, "");
	log_divert(-1);
	assert_said(one_error, "");
	assert_true(pread(fd, buffer, sizeof(buffer) - 1, 0) > 0);
	assert_string_equal(buffer, "prog: s: x\n");
	close(fd);
}

/* stderr is the journal's stream as JOURNAL_STREAM names it: see systemd.exec(5). */
static void to_the_journal(void)
{
	char stream[64];
	struct stat st;

	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_open("prog", LOG_TO_AUTO);
	log_error("error");
	log_info("info");
	setenv("JOURNAL_STREAM", "1:2", 1); /* somebody else's */
	log_error("plain");
}

static void test_priorities_for_the_journal(void **state)
{
	(void)state;
	assert_said(to_the_journal, "<3>error\n<6>info\nprog: plain\n");
}

static void errno_before_and_after(void)
{
	errno = EXDEV;
	log_error("x");
	log_debug("x");
	log_info("x");
	log_warning("x");
	assert_int_equal(errno, EXDEV);
	close(STDERR_FILENO); /* nor when it cannot be written */
	log_error("x");
	assert_int_equal(errno, EXDEV);
}

static void test_errno_is_kept(void **state)
{
	(void)state;
	free(said(errno_before_and_after));
}

static void test_reasons(void **state)
{
	(void)state;
	assert_string_equal(reason(-ENOENT), "No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_program_and_message, fresh),
		cmocka_unit_test_setup(test_levels, fresh),
		cmocka_unit_test_setup(test_section, fresh),
		cmocka_unit_test_setup(test_long_messages_are_cut_to_one_line, fresh),
		cmocka_unit_test_setup(test_a_message_is_one_line, fresh),
		cmocka_unit_test_setup(test_diverted, fresh),
		cmocka_unit_test_setup(test_priorities_for_the_journal, fresh),
		cmocka_unit_test_setup(test_errno_is_kept, fresh),
		cmocka_unit_test_setup(test_reasons, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
