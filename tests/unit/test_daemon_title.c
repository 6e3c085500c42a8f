#include "daemon/title.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char **arguments;

/* What ps(1) reads. */
static size_t command_line(char *text, size_t size)
{
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t len = read(fd, text, size - 1);

	close(fd);
	assert_true(len >= 0);
	text[len] = '\0';
	return (size_t)len;
}

static void test_shown_whole(void **state)
{
	char text[4096];

	(void)state;
	title_set("%s: %s", "linekeeper-tailer", "tail app");
	command_line(text, sizeof(text));
	assert_string_equal(text, "linekeeper-tailer: tail app");
}

static void test_shorter_one_leaves_nothing_behind(void **state)
{
	char text[4096];
	size_t len;

	(void)state;
	title_set("%s", "abcdef");
	title_set("%s", "x");
	len = command_line(text, sizeof(text));
	for (size_t i = 1; i < len; i++)
		assert_int_equal(text[i], '\0');
}

static void test_long_one_is_cut(void **state)
{
	char text[4096];

	(void)state;
	title_set("%0*d", 100000, 1);
	command_line(text, sizeof(text));
	assert_int_equal(text[0], '0');
}

static void test_arguments_and_environment_stay(void **state)
{
	(void)state;
	title_set("%0*d", 100000, 1);
	assert_string_equal(arguments[1], "argument");
	assert_string_equal(getenv("TITLE_TEST"), "value");
	assert_non_null(strstr(program_invocation_name, "test_daemon_title"));
	assert_non_null(strstr(program_invocation_short_name, "test_daemon_title"));
	assert_int_equal(unsetenv("TITLE_TEST"), 0);
	assert_int_equal(setenv("TITLE_TEST", "another", 1), 0);
	assert_string_equal(getenv("TITLE_TEST"), "another");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shown_whole),
		cmocka_unit_test(test_shorter_one_leaves_nothing_behind),
		cmocka_unit_test(test_long_one_is_cut),
		cmocka_unit_test(test_arguments_and_environment_stay),
	};

	if (argc == 1) { /* the room for the title is what a program is started with */
		setenv("TITLE_TEST", "value", 1);
		execlp(argv[0], argv[0], "argument", NULL);
		return 1;
	}
	title_init(argc, argv);
	arguments = argv;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
