#include "base/status.h"
#include "daemon/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ONCE 256

static const struct option own_options[] = { { "once", no_argument, NULL, ONCE }, { 0 } };

static int take_once(void *context, int value, const char *argument)
{
	assert_int_equal(value, ONCE);
	assert_null(argument);
	++*(int *)context;
	return 0;
}

static int once;

static const struct options_own own = {
	.program = "linekeeper-tailer",
	.usage = "usage: all of it\n",
	.own = own_options,
	.take = take_once,
	.context = &once,
};

/* Parses one line of words; what it printed on descriptor `fd` is in `printed`. */
static char printed[1000];

static int parse(struct options *options, const char *line, int fd)
{
	static char words[200];
	static char *argv[20];
	int argc = 0, saved = dup(fd), status;
	FILE *capture = tmpfile();
	size_t len;

	snprintf(words, sizeof(words), "linekeeper-tailer %s", line);
	for (char *rest = words, *word; (word = strsep(&rest, " "));)
		if (*word)
			argv[argc++] = strcmp(word, "''") == 0 ? word + 2 : word;
	argv[argc] = NULL;
	once = 0;
	fflush(NULL);
	dup2(fileno(capture), fd);
	status = options_parse(options, &own, argc, argv);
	fflush(NULL);
	dup2(saved, fd);
	close(saved);
	rewind(capture);
	len = fread(printed, 1, sizeof(printed) - 1, capture);
	printed[len] = '\0';
	fclose(capture);
	return status;
}

static void test_paths_are_made_absolute(void **state)
{
	struct options options;
	char *here = getcwd(NULL, 0);
	char want[4200];

	(void)state;
	assert_int_equal(parse(&options, "-f a.conf -P /x.pid --state=st", STDERR_FILENO), -1);
	snprintf(want, sizeof(want), "%s/a.conf", here);
	assert_string_equal(options.config, want);
	assert_string_equal(options.pidfile, "/x.pid");
	snprintf(want, sizeof(want), "%s/st", here);
	assert_string_equal(options.state, want);
	options_free(&options);
	free(here);
}

static void test_last_of_two_counts(void **state)
{
	struct options options;

	(void)state;
	assert_int_equal(parse(&options, "-f /a -f /b", STDERR_FILENO), -1);
	assert_string_equal(options.config, "/b");
	options_free(&options);
}

static void test_arguments_and_options_mix(void **state)
{
	struct options options;

	(void)state;
	assert_int_equal(parse(&options, "one -t two --once -- -n", STDERR_FILENO), -1);
	assert_true(options.test);
	assert_false(options.foreground);
	assert_int_equal(once, 1);
	assert_int_equal(options.count, 3);
	assert_string_equal(options.arguments[0], "one");
	assert_string_equal(options.arguments[1], "two");
	assert_string_equal(options.arguments[2], "-n");
	options_free(&options);
}

static void test_debug_means_foreground(void **state)
{
	struct options options;

	(void)state;
	assert_int_equal(parse(&options, "-d", STDERR_FILENO), -1);
	assert_true(options.debug && options.foreground);
	assert_int_equal(parse(&options, "-niT", STDERR_FILENO), -1);
	assert_true(options.foreground && options.inetd && options.dump);
	assert_false(options.debug);
}

static void test_wrong_usage_is_refused(void **state)
{
	struct options options;
	const char *const wrong[] = { "--wrong", "-x", "-f", "-f ''", "--once=2" };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(parse(&options, wrong[i], STDERR_FILENO), STATUS_USAGE);
		assert_true(strncmp(printed, "linekeeper-tailer: ", 19) == 0);
	}
	assert_int_equal(parse(&options, "-f /a --wrong", STDERR_FILENO), STATUS_USAGE);
	assert_non_null(strstr(printed, "Try 'linekeeper-tailer --help'."));
}

static void test_help_and_version_are_answered(void **state)
{
	struct options options;

	(void)state;
	assert_int_equal(parse(&options, "--help", STDOUT_FILENO), STATUS_OK);
	assert_string_equal(printed, own.usage);
	assert_int_equal(parse(&options, "-V", STDOUT_FILENO), STATUS_OK);
	assert_string_equal(printed, "linekeeper-tailer " VERSION "\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths_are_made_absolute),
		cmocka_unit_test(test_last_of_two_counts),
		cmocka_unit_test(test_arguments_and_options_mix),
		cmocka_unit_test(test_debug_means_foreground),
		cmocka_unit_test(test_wrong_usage_is_refused),
		cmocka_unit_test(test_help_and_version_are_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
