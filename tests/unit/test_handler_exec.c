#include "handler_driver.h"

#include <signal.h>

static char script_option[4096], output_option[256];

/* A handler that runs this shell script. */
static void configure(struct driver *driver, const char *mode, const char *script)
{
	const char *options[] = { "command=/bin/sh", "command=-c", script_option, mode,
		strcmp(mode, "mode=processor") == 0 ? output_option : NULL, NULL };

	snprintf(script_option, sizeof(script_option), "command=%s", script);
	snprintf(output_option, sizeof(output_option), "output=%s", here("out"));
	driver_configure(driver, "exec", options);
}

static void start(struct driver *driver, const char *mode, const char *script, const char *token)
{
	char kept[1024];

	if (token)
		snprintf(kept, sizeof(kept), "%s", token);
	configure(driver, mode, script);
	assert_int_equal(driver_open(driver, token ? kept : NULL, 1), 0);
	assert_int_equal(driver_commit(driver), LK_OK);
}

static void start_stream(struct driver *driver, const char *script)
{
	start(driver, "mode=stream", script, NULL);
}

static void start_processor(struct driver *driver, const char *script, const char *token)
{
	start(driver, "mode=processor", script, token);
}

static enum lk_verdict put_all(struct driver *driver, const char *text)
{
	uint64_t deadline = clock_monotonic_ns() + PATIENCE_NS;
	enum lk_verdict verdict;

	while ((verdict = driver_put(driver, text)) == LK_LATER) {
		assert_true(clock_monotonic_ns() < deadline);
		text += 11 * driver->result.accepted;
		driver_wait(driver);
	}
	return verdict;
}

static void a_stream_reads_every_line(void **state)
{
	struct driver driver;
	char *text = numbered_lines(MAX_LINES);

	(void)state;
	start_stream(&driver, "exec cat > out");
	assert_int_equal(put_all(&driver, text), LK_OK);
	assert_int_equal(driver_commit(&driver), LK_OK);
	driver_close(&driver);
	assert_string_equal(load("out"), text);
	free(text);
}

static void a_stream_commits_only_what_is_drained(void **state)
{
	struct driver driver;
	int gate;

	(void)state;
	assert_int_equal(mkfifo("gate", 0600), 0);
	start_stream(&driver, "read go < gate; exec cat > out");
	assert_int_equal(driver_put(&driver, "one\n"), LK_OK);
	assert_int_equal(driver_commit_once(&driver), LK_LATER);
	gate = open("gate", O_WRONLY | O_CLOEXEC);
	assert_int_equal(file_write_all(gate, "go\n", 3), 0);
	close(gate);
	assert_int_equal(driver_commit(&driver), LK_OK);
	driver_close(&driver);
	assert_string_equal(load("out"), "one\n");
}

/* A command that ends by itself fails the handler; which verdict says why? */
static void failure_of(const char *script, const char *why)
{
	struct driver driver;
	uint64_t deadline = clock_monotonic_ns() + PATIENCE_NS;
	enum lk_verdict verdict;

	configure(&driver, "mode=stream", script);
	assert_int_equal(driver_open(&driver, NULL, 0), 0);
	do
		verdict = driver_put(&driver, "one\n");
	while (verdict != LK_FAILED && clock_monotonic_ns() < deadline);
	assert_int_equal(verdict, LK_FAILED);
	assert_string_equal(driver.result.reason, why);
	assert_int_equal(driver_commit(&driver), LK_FAILED);
	driver_close(&driver);
}

static void the_end_of_a_stream_is_a_failure_that_names_it(void **state)
{
	(void)state;
	failure_of("exit 3", "/bin/sh: exited with status 3");
	failure_of("kill -9 $$", "/bin/sh: killed by signal 9 (Killed)");
	failure_of("exec 0</dev/null; exec sleep 100", "/bin/sh: closed its standard input");
}

/* Descriptors that a child of ours inherits. */
static int inherited_fds(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++) {
		int flags = fcntl(fd, F_GETFD);

		count += flags >= 0 && !(flags & FD_CLOEXEC);
	}
	return count;
}

static void a_child_starts_clean_and_in_its_own_group(void **state)
{
	struct driver driver;
	sigset_t blocked, old;
	char expected[32];

	(void)state;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &old);
	signal(SIGPIPE, SIG_IGN);
	/* The two signals of glibc's own stay ignored when posix_spawn(3), as in make, began it. */
	start_stream(&driver, "grep -E 'SigBlk|SigIgn' /proc/self/status |"
			      "sed s/0000000180000000/0000000000000000/ > signals;"
			      "ls /proc/self/fd | wc -l > fds; echo $$ > pid;"
			      "ps -o pgid= -p $$ | tr -d ' ' > group; exec cat > /dev/null");
	assert_int_equal(driver_put(&driver, "one\n"), LK_OK);
	assert_int_equal(driver_commit(&driver), LK_OK);
	driver_close(&driver);
	sigprocmask(SIG_SETMASK, &old, NULL);
	assert_string_equal(
		load("signals"), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
	/* And the directory that ls reads. */
	assert_int_equal(atoi(load("fds")), inherited_fds() + 1);
	snprintf(expected, sizeof(expected), "%s", load("pid"));
	assert_string_equal(load("group"), expected);
}

/* Gone, or a zombie that its new parent has not fetched yet. */
static bool is_dead(int pid)
{
	char path[64], status = '?';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return true;
	assert_int_equal(fscanf(file, "%*d (%*[^)]) %c", &status), 1);
	fclose(file);
	return status == 'Z';
}

static void a_child_that_does_not_end_is_killed_with_its_group(void **state)
{
	struct driver driver;
	uint64_t began;

	(void)state;
	start_stream(&driver, "trap '' TERM; sleep 60 & echo $! > pid; while :; do wait; done");
	while (access("pid", F_OK) < 0 || strlen(load("pid")) == 0)
		driver_wait(&driver);
	began = clock_monotonic_ns();
	driver_close(&driver);
	assert_true(clock_monotonic_ns() - began < 3 * NS_PER_S);
	while (!is_dead(atoi(load("pid"))))
		assert_true(clock_monotonic_ns() - began < PATIENCE_NS);
}

/* Counts all lines ever in its state, and prints each with the count. */
#define COUNTER                                                                                    \
	"n=$(cat <&4); n=${n:-0}; while read -r line; do n=$((n+1)); echo \"$n $line\"; done;"     \
	" echo $n >&5"

static void a_processor_keeps_its_state(void **state)
{
	struct driver driver;
	struct lk_token token;

	(void)state;
	start_processor(&driver, COUNTER, NULL);
	assert_int_equal(driver_put(&driver, "a\nb\n"), LK_OK);
	assert_int_equal(driver_commit(&driver), LK_OK);
	assert_int_equal(driver_put(&driver, "c\n"), LK_OK);
	assert_int_equal(driver_commit(&driver), LK_OK);
	token = driver.token;
	driver_close(&driver);
	start_processor(&driver, COUNTER, token.text);
	assert_int_equal(driver_put(&driver, "d\n"), LK_OK);
	assert_int_equal(driver_commit(&driver), LK_OK);
	driver_close(&driver);
	assert_string_equal(load("out"), "1 a\n2 b\n3 c\n4 d\n");
}

/* As after a crash that came before the checkpoint was saved, any number of commits ago. */
static void a_processor_goes_back_to_the_token(void **state)
{
	struct driver driver;
	struct lk_token token;

	(void)state;
	start_processor(&driver, COUNTER, NULL);
	assert_int_equal(driver_put(&driver, "a\n"), LK_OK);
	assert_int_equal(driver_commit(&driver), LK_OK);
	token = driver.token;
	assert_int_equal(driver_put(&driver, "b\n"), LK_OK);
	assert_int_equal(driver_commit(&driver), LK_OK);
	driver_close(&driver);
	assert_string_equal(load("out"), "1 a\n2 b\n");
	start_processor(&driver, COUNTER, token.text);
	assert_string_equal(load("out"), "1 a\n");
	assert_int_equal(driver_put(&driver, "b\n"), LK_OK);
	assert_int_equal(driver_commit(&driver), LK_OK);
	driver_close(&driver);
	assert_string_equal(load("out"), "1 a\n2 b\n");
}

static void a_full_batch_runs_without_a_commit(void **state)
{
	struct driver driver;
	struct lk_token first;
	char *text = numbered_lines(MAX_LINES);

	(void)state;
	start_processor(&driver, "cat; wc -l <&4 >/dev/null; echo run >&5", NULL);
	first = driver.token;
	for (int i = 0; i < 30; i++)
		assert_int_equal(put_all(&driver, text), LK_OK);
	/* 30 × 220 kB: several runs, all of them undone by going back to the first token. */
	assert_true(strlen(load("out")) > 5 << 20);
	driver_close(&driver);
	start_processor(&driver, COUNTER, first.text);
	assert_string_equal(load("out"), "");
	driver_put(&driver, "a\n");
	assert_int_equal(driver_commit(&driver), LK_OK);
	driver_close(&driver);
	assert_string_equal(load("out"), "1 a\n");
	free(text);
}

static void a_failed_run_changes_nothing_and_is_tried_again(void **state)
{
	uint64_t deadline = clock_monotonic_ns() + PATIENCE_NS;
	struct driver driver;

	(void)state;
	start_processor(&driver, COUNTER "; test -e ready || exit 111", NULL);
	assert_int_equal(driver_put(&driver, "a\nb\n"), LK_OK);
	while (!strstr(logged, "exited with status 111")) {
		assert_true(clock_monotonic_ns() < deadline);
		assert_int_equal(driver_commit_once(&driver), LK_LATER);
		driver_wait(&driver);
	}
	assert_int_equal(driver_put(&driver, "c\n"), LK_LATER);
	assert_int_equal(driver.result.accepted, 0);
	assert_string_equal(load("out"), "");
	store("ready", "");
	assert_int_equal(driver_commit(&driver), LK_OK);
	driver_close(&driver);
	assert_string_equal(load("out"), "1 a\n2 b\n");
}

/* The second run gives the rest of the first one a second to interfere. */
static void what_a_failed_run_leaves_behind_has_no_part_in_the_next(void **state)
{
	struct driver driver;

	(void)state;
	start_processor(&driver,
		"test -e failed || { touch failed; (until test -e second; do sleep 0.01; done;"
		" read -r line; echo garbage >&5; touch done) & exit 111; }; touch second;"
		" for i in 1 2 3 4 5 6 7 8 9; do test -e done || sleep 0.1; done;"
		" cat - /dev/fd/4; echo good >&5",
		NULL);
	assert_int_equal(driver_put(&driver, "a\nb\n"), LK_OK);
	assert_int_equal(driver_commit(&driver), LK_OK);
	assert_int_equal(driver_put(&driver, "c\n"), LK_OK);
	assert_int_equal(driver_commit(&driver), LK_OK);
	driver_close(&driver);
	assert_string_equal(load("out"), "a\nb\nc\ngood\n");
}

static void a_lost_state_is_reported_and_nothing_is_cut(void **state)
{
	struct driver driver;
	struct lk_token token;

	(void)state;
	start_processor(&driver, COUNTER, NULL);
	driver_put(&driver, "a\n");
	assert_int_equal(driver_commit(&driver), LK_OK);
	token = driver.token;
	driver_put(&driver, "b\n");
	assert_int_equal(driver_commit(&driver), LK_OK);
	driver_close(&driver);
	assert_int_equal(unlink("out.state.0"), 0);
	start_processor(&driver, COUNTER, token.text);
	assert_non_null(strstr(logged, "the state of the last commit is gone"));
	assert_non_null(strstr(logged, "may be repeated"));
	driver_put(&driver, "c\n");
	assert_int_equal(driver_commit(&driver), LK_OK);
	driver_close(&driver);
	assert_string_equal(load("out"), "1 a\n2 b\n3 c\n");
}

static void a_processor_follows_its_output_on_reopen(void **state)
{
	struct driver driver;

	(void)state;
	start_processor(&driver, COUNTER, NULL);
	driver_put(&driver, "a\n");
	assert_int_equal(driver_commit(&driver), LK_OK);
	assert_int_equal(rename("out", "out.old"), 0);
	assert_int_equal(driver.handler->reopen(driver.state, &driver.result), LK_OK);
	assert_int_equal(driver_commit(&driver), LK_OK);
	driver_put(&driver, "b\n");
	assert_int_equal(driver_commit(&driver), LK_OK);
	driver_close(&driver);
	assert_string_equal(load("out.old"), "1 a\n");
	assert_string_equal(load("out"), "2 b\n");
}

static void bad_settings_are_refused_with_the_reason(void **state)
{
	static const struct {
		const char *options[4], *reason;
	} bad[] = {
		{ { NULL }, "no \"command\" is set" },
		{ { "command=cat", NULL }, "command \"cat\": not an absolute path" },
		{ { "command=/no/such", NULL }, "/no/such: No such file" },
		{ { "command=/tmp", NULL }, "/tmp: not a regular file" },
		{ { "command=/etc/passwd", NULL }, "/etc/passwd: Permission denied" },
		{ { "command=/bin/cat", "mode=x", NULL }, "mode \"x\": stream or processor" },
		{ { "command=/bin/cat", "mode=processor", NULL }, "needs \"output\"" },
		{ { "command=/bin/cat", "output=/tmp/x", NULL }, "is for mode \"processor\"" },
		{ { "command=/bin/cat", "mode=processor", "output=x", NULL }, "x: not an abs" },
	};
	struct driver driver;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		driver_configure(&driver, "exec", bad[i].options);
		assert_true(driver_check(&driver) < 0);
		assert_non_null(strstr(driver.reason, bad[i].reason));
	}
}

static void what_cannot_be_executed_is_an_error_of_open(void **state)
{
	const char *options[] = { script_option, NULL };
	struct driver driver;

	(void)state;
	store("garbage", "\177ELF");
	assert_int_equal(chmod("garbage", 0700), 0);
	snprintf(script_option, sizeof(script_option), "command=%s", here("garbage"));
	driver_configure(&driver, "exec", options);
	assert_int_equal(driver_open(&driver, NULL, 0), -ENOEXEC);
	assert_non_null(strstr(driver.reason, "Exec format error"));
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, enter_directory, leave_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(a_stream_reads_every_line),
		IN_DIRECTORY(a_stream_commits_only_what_is_drained),
		IN_DIRECTORY(the_end_of_a_stream_is_a_failure_that_names_it),
		IN_DIRECTORY(a_child_starts_clean_and_in_its_own_group),
		IN_DIRECTORY(a_child_that_does_not_end_is_killed_with_its_group),
		IN_DIRECTORY(a_processor_keeps_its_state),
		IN_DIRECTORY(a_processor_goes_back_to_the_token),
		IN_DIRECTORY(a_full_batch_runs_without_a_commit),
		IN_DIRECTORY(a_failed_run_changes_nothing_and_is_tried_again),
		IN_DIRECTORY(what_a_failed_run_leaves_behind_has_no_part_in_the_next),
		IN_DIRECTORY(a_lost_state_is_reported_and_nothing_is_cut),
		IN_DIRECTORY(a_processor_follows_its_output_on_reopen),
		IN_DIRECTORY(bad_settings_are_refused_with_the_reason),
		IN_DIRECTORY(what_cannot_be_executed_is_an_error_of_open),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
