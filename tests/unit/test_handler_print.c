#include "handler_driver.h"

#include <signal.h>
#include <sys/socket.h>

static int standard_output;

/* Standard output is `fd` until restored. */
static void start(struct driver *driver, int fd)
{
	fflush(stdout);
	standard_output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
	dup2(fd, STDOUT_FILENO);
	driver_configure(driver, "print", NULL);
	assert_int_equal(driver_open(driver, NULL, 0), 0);
	assert_int_equal(driver_commit(driver), LK_OK);
}

static void stop(struct driver *driver)
{
	driver_close(driver);
	dup2(standard_output, STDOUT_FILENO);
	close(standard_output);
}

/* Hands all of `text` over to a reader that only reads when the handler says "later"; returns
 * what the reader got, which the caller frees. */
static char *print_to_slow_reader(struct driver *driver, int reader, const char *text)
{
	size_t len = strlen(text), put = 0, got = 0;
	char *read_text = calloc(1, len + 65537);
	unsigned laters = 0;

	while (put < len) {
		enum lk_verdict verdict = driver_put_once(driver, text + put, len - put);
		ssize_t n;

		assert_true(verdict == LK_OK || verdict == LK_LATER);
		put += verdict == LK_OK ? len - put : 11 * driver->result.accepted;
		laters += verdict == LK_LATER;
		n = read(reader, read_text + got, 1000);
		assert_true(n >= 0);
		got += (size_t)n;
	}
	assert_true(laters > 0);
	while (driver_commit_once(driver) == LK_LATER)
		got += (size_t)read(reader, read_text + got, 1000);
	close(STDOUT_FILENO);
	for (ssize_t n; (n = read(reader, read_text + got, 65536)) > 0;)
		got += (size_t)n;
	return read_text;
}

static void slow_reader(int reader, int writer)
{
	struct driver driver;
	char *text = numbered_lines(MAX_LINES), *got;

	start(&driver, writer);
	close(writer);
	got = print_to_slow_reader(&driver, reader, text);
	stop(&driver);
	assert_string_equal(got, text);
	free(got);
	free(text);
	close(reader);
}

static void a_slow_pipe_never_blocks_and_loses_nothing(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	slow_reader(fds[0], fds[1]);
}

static void a_slow_socket_never_blocks_and_loses_nothing(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	slow_reader(fds[0], fds[1]);
}

static void a_line_longer_than_the_pipe_comes_whole(void **state)
{
	struct driver driver;
	enum { LONG = 200000 };
	static char text[LONG + 2], got[LONG + 10];
	size_t have = 0;
	int fds[2];

	(void)state;
	memset(text, 'x', LONG);
	text[LONG] = '\n';
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	start(&driver, fds[1]);
	assert_int_equal(driver_put(&driver, text), LK_OK);
	while (driver_put(&driver, "next\n") == LK_LATER) {
		assert_int_equal(driver.result.accepted, 0);
		have += (size_t)read(fds[0], got + have, sizeof(got) - have);
	}
	stop(&driver);
	close(fds[1]);
	for (ssize_t n; (n = read(fds[0], got + have, sizeof(got) - have)) > 0;)
		have += (size_t)n;
	assert_int_equal(have, LONG + 6);
	assert_memory_equal(got, text, LONG + 1);
	assert_memory_equal(got + LONG + 1, "next\n", 5);
	close(fds[0]);
}

static void a_reader_that_left_is_a_failure(void **state)
{
	struct driver driver;
	int fds[2];
	enum lk_verdict verdict;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	start(&driver, fds[1]);
	close(fds[0]);
	verdict = driver_put(&driver, "one\n");
	stop(&driver);
	close(fds[1]);
	assert_int_equal(verdict, LK_FAILED);
	assert_string_equal(driver.result.reason, "standard output: Broken pipe");
}

static void a_file_gets_each_batch_whole(void **state)
{
	struct driver driver;
	char *text = numbered_lines(MAX_LINES);
	int fd = open(here("out"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	enum lk_verdict first, last;

	(void)state;
	start(&driver, fd);
	first = driver_put(&driver, text);
	last = driver_put(&driver, "x");
	stop(&driver);
	close(fd);
	assert_int_equal(first, LK_OK);
	assert_int_equal(last, LK_OK);
	text = realloc(text, strlen(text) + 3);
	assert_string_equal(load(here("out")), strcat(text, "x\n"));
	free(text);
}

static void lines_scattered_in_memory_come_in_order(void **state)
{
	enum { COUNT = 3000 };
	static struct lk_line lines[COUNT];
	struct lk_batch batch = { "app", "/x", "file-1", lines, COUNT };
	struct lk_result result = { 0 };
	struct driver driver;
	char *text = numbered_lines(COUNT), *backwards = numbered_lines(COUNT), *got;
	int fd = open(here("out"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	enum lk_verdict verdict;

	(void)state;
	for (size_t i = 0; i < COUNT; i++)
		lines[i] = (struct lk_line){ .data = text + 11 * (COUNT - 1 - i),
			.len = 10,
			.flags = i % 2 ? LK_LINE_NEWLINE : 0 };
	start(&driver, fd);
	verdict = driver.handler->process(driver.state, &batch, &result);
	stop(&driver);
	close(fd);
	assert_int_equal(verdict, LK_OK);
	got = load(here("out"));
	for (size_t i = 0; i < COUNT; i++)
		memcpy(backwards + 11 * i, text + 11 * (COUNT - 1 - i), 11);
	assert_string_equal(got, backwards);
	free(text);
	free(backwards);
}

static void an_option_is_refused(void **state)
{
	static const char *const options[] = { "path=/tmp/x", NULL };
	struct driver driver;

	(void)state;
	driver_configure(&driver, "print", options);
	assert_int_equal(driver_check(&driver), -EINVAL);
	assert_string_equal(driver.reason, "no such option: \"path\"");
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, enter_directory, leave_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slow_pipe_never_blocks_and_loses_nothing),
		cmocka_unit_test(a_slow_socket_never_blocks_and_loses_nothing),
		cmocka_unit_test(a_line_longer_than_the_pipe_comes_whole),
		cmocka_unit_test(a_reader_that_left_is_a_failure),
		IN_DIRECTORY(a_file_gets_each_batch_whole),
		IN_DIRECTORY(lines_scattered_in_memory_come_in_order),
		cmocka_unit_test(an_option_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
