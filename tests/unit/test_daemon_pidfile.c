#include "daemon/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[] = "/tmp/pidfile.XXXXXX";
static char path[64];

static int make_directory(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/x.pid", directory);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(directory);
}

static void put(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static long content(void)
{
	FILE *file = fopen(path, "r");
	long pid = -1;

	assert_non_null(file);
	if (fscanf(file, "%ld", &pid) != 1)
		pid = 0;
	fclose(file);
	return pid;
}

static void test_written_readable_and_removed(void **state)
{
	struct pidfile pidfile = { .fd = -1 };
	struct stat st;
	pid_t other = 0;
	mode_t mask = umask(077);

	(void)state;
	assert_int_equal(pidfile_lock(&pidfile, path, &other), 0);
	assert_int_equal(pidfile_write(&pidfile), 0);
	umask(mask);
	assert_int_equal(content(), getpid());
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	pidfile_remove(&pidfile);
	assert_int_equal(pidfile.fd, -1);
	assert_int_equal(access(path, F_OK), -1);
	pidfile_remove(&pidfile);
}

static void test_second_is_told_the_first(void **state)
{
	struct pidfile first = { .fd = -1 }, second = { .fd = -1 };
	pid_t other = 0;

	(void)state;
	assert_int_equal(pidfile_lock(&first, path, &other), 0);
	assert_int_equal(pidfile_lock(&second, path, &other), -EWOULDBLOCK);
	assert_int_equal(other, 0);
	assert_int_equal(pidfile_write(&first), 0);
	assert_int_equal(pidfile_lock(&second, path, &other), -EWOULDBLOCK);
	assert_int_equal(other, getpid());
	assert_int_equal(second.fd, -1);
	pidfile_remove(&first);
	assert_int_equal(pidfile_lock(&second, path, &other), 0);
	pidfile_remove(&second);
}

static void test_stale_one_is_taken_over_and_emptied(void **state)
{
	struct pidfile pidfile = { .fd = -1 };
	pid_t other = 0;

	(void)state;
	put("1234567\n");
	assert_int_equal(pidfile_lock(&pidfile, path, &other), 0);
	assert_int_equal(content(), 0);
	assert_int_equal(pidfile_write(&pidfile), 0);
	assert_int_equal(content(), getpid());
	pidfile_remove(&pidfile);
}

static void test_disowning_worker_leaves_the_lock(void **state)
{
	struct pidfile first = { .fd = -1 }, second = { .fd = -1 };
	pid_t other = 0, child;
	int status;

	(void)state;
	assert_int_equal(pidfile_lock(&first, path, &other), 0);
	child = fork();
	if (child == 0) {
		pidfile_disown(&first);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(pidfile_lock(&second, path, &other), -EWOULDBLOCK);
	child = fork();
	if (child == 0) { /* outlives its parent's hold, without keeping the lock */
		pidfile_disown(&first);
		pause();
		_exit(0);
	}
	for (;;) {
		char fd[64];

		snprintf(fd, sizeof(fd), "/proc/%d/fd/%d", child, first.fd);
		if (access(fd, F_OK) < 0)
			break;
		usleep(1000);
	}
	pidfile_remove(&first);
	assert_int_equal(pidfile_lock(&second, path, &other), 0);
	pidfile_remove(&second);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
}

static void test_one_out_of_reach_is_emptied(void **state)
{
	struct pidfile pidfile = { .fd = -1 };
	struct stat st;
	pid_t other = 0;
	int fd;

	(void)state;
	assert_int_equal(pidfile_lock(&pidfile, path, &other), 0);
	assert_int_equal(pidfile_write(&pidfile), 0);
	fd = dup(pidfile.fd);
	assert_int_equal(unlink(path), 0);
	pidfile_remove(&pidfile);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 0);
	close(fd);
}

static void test_replaced_one_is_not_removed(void **state)
{
	struct pidfile first = { .fd = -1 }, second = { .fd = -1 };
	pid_t other = 0;

	(void)state;
	assert_int_equal(pidfile_lock(&first, path, &other), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(pidfile_lock(&second, path, &other), 0);
	pidfile_remove(&first);
	assert_int_equal(access(path, F_OK), 0);
	pidfile_remove(&second);
}

static void test_what_is_no_pidfile_is_left_alone(void **state)
{
	struct pidfile pidfile = { .fd = -1 };
	char second_name[80];
	pid_t other = 0;

	(void)state;
	snprintf(second_name, sizeof(second_name), "%s.link", path);
	put("precious\n");
	assert_int_equal(link(path, second_name), 0);
	assert_int_equal(pidfile_lock(&pidfile, path, &other), -EINVAL);
	unlink(path);
	assert_int_equal(symlink(second_name, path), 0);
	assert_int_equal(pidfile_lock(&pidfile, path, &other), -ELOOP);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(pidfile_lock(&pidfile, path, &other), -EINVAL);
	unlink(path);
	assert_int_equal(pidfile_lock(&pidfile, directory, &other), -EISDIR);
	assert_int_equal(pidfile_lock(&pidfile, "/nonexistent/x.pid", &other), -ENOENT);
	assert_int_equal(pidfile.fd, -1);
	unlink(second_name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written_readable_and_removed),
		cmocka_unit_test(test_second_is_told_the_first),
		cmocka_unit_test(test_stale_one_is_taken_over_and_emptied),
		cmocka_unit_test(test_disowning_worker_leaves_the_lock),
		cmocka_unit_test(test_one_out_of_reach_is_emptied),
		cmocka_unit_test(test_replaced_one_is_not_removed),
		cmocka_unit_test(test_what_is_no_pidfile_is_left_alone),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
