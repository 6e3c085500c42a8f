#include "handler_driver.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

static int standard_output;

/* Standard output is `fd`, which is closed, until restored. */
static void start_with(struct driver *driver, int fd, const char *option)
{
	const char *const options[] = { "timeout=1", option, NULL };

	fflush(stdout);
	standard_output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
	dup2(fd, STDOUT_FILENO);
	close(fd);
	driver_configure(driver, "client", options);
	assert_int_equal(driver_open(driver, NULL, 0), 0);
	assert_int_equal(driver_commit(driver), LK_OK);
}

static void start(struct driver *driver, int fd)
{
	start_with(driver, fd, NULL);
}

static void stop(struct driver *driver)
{
	driver_close(driver);
	dup2(standard_output, STDOUT_FILENO);
	close(standard_output);
}

static void unix_pair(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
}

static void tcp_pair(int fds[2])
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fds[0], (struct sockaddr *)&address, len), 0);
	fds[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fds[1] >= 0);
	close(listener);
}

/* A client that reads to our end before it closes; returns how many bytes it got by its exit. */
static pid_t reader(int fd)
{
	pid_t pid = fork();

	if (pid == 0) {
		char bytes[4096];

		/* Else our own copies of its other end keep it open. */
		close(STDOUT_FILENO);
		while (read(fd, bytes, sizeof(bytes)) > 0)
			;
		_exit(0);
	}
	close(fd);
	return pid;
}

static void a_client_that_reads_to_the_end_acknowledges(void **state)
{
	void (*const pairs[])(int *) = { unix_pair, tcp_pair };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct driver driver;
		char *text = numbered_lines(MAX_LINES), *rest = text;
		enum lk_verdict verdict;
		int fds[2];
		pid_t pid;

		pairs[i](fds);
		start(&driver, fds[1]);
		pid = reader(fds[0]);
		while ((verdict = driver_put(&driver, rest)) == LK_LATER) {
			rest += 11 * driver.result.accepted;
			driver_wait(&driver);
		}
		if (verdict == LK_OK)
			verdict = driver_commit(&driver);
		stop(&driver);
		waitpid(pid, NULL, 0);
		assert_string_equal(driver.result.reason, "");
		assert_int_equal(verdict, LK_OK);
		free(text);
	}
}

static enum lk_verdict commit_after(struct driver *driver, int fds[2], void (*act)(int fd))
{
	enum lk_verdict verdict;

	start(driver, fds[1]);
	verdict = driver_put(driver, "one\n");
	assert_int_equal(verdict, LK_OK);
	act(fds[0]);
	verdict = driver_commit(driver);
	stop(driver);
	return verdict;
}

static void half_close(int fd)
{
	shutdown(fd, SHUT_WR);
}

static void chatter_and_half_close(int fd)
{
	assert_int_equal(write(fd, "GET / HTTP/1.0\r\n\r\n", 18), 18);
	shutdown(fd, SHUT_WR);
}

static void close_with_unread_bytes(int fd)
{
	close(fd);
}

static void stay_silent(int fd)
{
	(void)fd;
}

static void a_client_that_closes_first_acknowledges_nothing(void **state)
{
	struct driver driver;
	int fds[2];

	(void)state;
	unix_pair(fds);
	assert_int_equal(commit_after(&driver, fds, half_close), LK_FAILED);
	assert_non_null(strstr(driver.result.reason, "closed first"));
	close(fds[0]);
	tcp_pair(fds);
	assert_int_equal(commit_after(&driver, fds, chatter_and_half_close), LK_FAILED);
	assert_non_null(strstr(driver.result.reason, "closed first"));
	close(fds[0]);
}

static void a_client_that_is_killed_acknowledges_nothing(void **state)
{
	struct driver driver;
	int fds[2];

	(void)state;
	unix_pair(fds);
	assert_int_equal(commit_after(&driver, fds, close_with_unread_bytes), LK_FAILED);
	tcp_pair(fds);
	assert_int_equal(commit_after(&driver, fds, close_with_unread_bytes), LK_FAILED);
}

static void a_client_that_never_closes_is_not_waited_for_forever(void **state)
{
	struct driver driver;
	int fds[2];

	(void)state;
	tcp_pair(fds);
	assert_int_equal(commit_after(&driver, fds, stay_silent), LK_FAILED);
	assert_non_null(strstr(driver.result.reason, "timed out"));
	close(fds[0]);
}

static enum lk_verdict put_until_done(struct driver *driver, const char *text)
{
	uint64_t deadline = clock_monotonic_ns() + PATIENCE_NS;
	enum lk_verdict verdict;

	while ((verdict = driver_put(driver, text)) == LK_LATER && driver->result.accepted == 0) {
		assert_true(clock_monotonic_ns() < deadline);
		driver_wait(driver);
	}
	return verdict;
}

static void a_client_that_counts_no_lines_is_not_waited_for_forever(void **state)
{
	struct driver driver;
	enum lk_verdict verdict;
	int fds[2];

	(void)state;
	tcp_pair(fds);
	start_with(&driver, fds[1], "ack=line");
	verdict = put_until_done(&driver, "one\ntwo\n");
	stop(&driver);
	assert_int_equal(verdict, LK_DONE);
	assert_int_equal(driver.result.accepted, 0);
	assert_non_null(strstr(logged, "timed out; it has taken 0 of 2 lines"));
	close(fds[0]);
}

static void counted_lines_are_accepted_though_their_client_has_left(void **state)
{
	struct driver driver;
	enum lk_verdict first, second;
	int fds[2];

	(void)state;
	unix_pair(fds);
	start_with(&driver, fds[1], "ack=line");
	first = driver_put(&driver, "one\ntwo\n");
	assert_int_equal(write(fds[0], "1\n", 2), 2);
	shutdown(fds[0], SHUT_WR);
	second = driver_put(&driver, "one\ntwo\n");
	stop(&driver);
	assert_int_equal(first, LK_LATER);
	assert_int_equal(second, LK_DONE);
	assert_int_equal(driver.result.accepted, 1);
	close(fds[0]);
}

static void a_pipe_has_taken_what_is_written(void **state)
{
	struct driver driver;
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(commit_after(&driver, fds, stay_silent), LK_OK);
	close(fds[0]);
}

static void nothing_sent_needs_no_acknowledgement(void **state)
{
	struct driver driver;
	enum lk_verdict verdict;
	int fds[2];

	(void)state;
	unix_pair(fds);
	start(&driver, fds[1]);
	verdict = driver_commit(&driver);
	stop(&driver);
	assert_int_equal(verdict, LK_OK);
	close(fds[0]);
}

static void bad_settings_are_refused_with_the_reason(void **state)
{
	static const char *const bad[] = { "timeout=", "timeout=-1", "timeout=1x",
		"timeout=99999999999999999999", "time=1" };
	struct driver driver;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *options[] = { bad[i], NULL };

		driver_configure(&driver, "client", options);
		assert_int_equal(driver_check(&driver), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_that_reads_to_the_end_acknowledges),
		cmocka_unit_test(a_client_that_closes_first_acknowledges_nothing),
		cmocka_unit_test(a_client_that_is_killed_acknowledges_nothing),
		cmocka_unit_test(a_client_that_never_closes_is_not_waited_for_forever),
		cmocka_unit_test(a_client_that_counts_no_lines_is_not_waited_for_forever),
		cmocka_unit_test(counted_lines_are_accepted_though_their_client_has_left),
		cmocka_unit_test(a_pipe_has_taken_what_is_written),
		cmocka_unit_test(nothing_sent_needs_no_acknowledgement),
		cmocka_unit_test(bad_settings_are_refused_with_the_reason),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
