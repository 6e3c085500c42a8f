#include "base/file.h"

#include "room.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void test_reads_what_there_is(void **state)
{
	char buffer[16];
	int fd;

	(void)state;
	put("x", "0123456789");
	fd = open("x", O_RDONLY | O_CLOEXEC);
	assert_int_equal(file_read_at(fd, buffer, 4, 3), 4);
	assert_memory_equal(buffer, "3456", 4);
	assert_int_equal(file_read_at(fd, buffer, 16, 8), 2);
	assert_memory_equal(buffer, "89", 2);
	assert_int_equal(file_read_at(fd, buffer, 16, 10), 0);
	assert_int_equal(file_read_at(fd, buffer, 16, 1000), 0);
	close(fd);
	assert_int_equal(file_read_at(fd, buffer, 16, 0), -EBADF);
}

static void test_reads_beyond_4_gib(void **state)
{
	char buffer[8];
	int fd;

	(void)state;
	put_at("x", "far away", 8, 4 * GIB + 3);
	fd = open("x", O_RDONLY | O_CLOEXEC);
	assert_int_equal(file_read_at(fd, buffer, 8, (off_t)(4 * GIB + 3)), 8);
	assert_memory_equal(buffer, "far away", 8);
	close(fd);
}

static volatile sig_atomic_t *signals_heard; /* shared with the child */

static void hear(int number)
{
	(void)number;
	++*signals_heard;
}

/* Disturbs the writer until it stands in write(2) before a full pipe, and longer; then lets it go.
 */
static void disturb_and_drain(int fd, size_t len, pid_t writer)
{
	char buffer[5000];
	ssize_t n;

	for (int sent = 1; sent <= 50; sent++) {
		kill(writer, SIGUSR1);
		while (*signals_heard < sent)
			sched_yield();
	}
	while (len > 0 && (n = read(fd, buffer, sizeof(buffer))) > 0)
		len -= (size_t)n;
	_exit(len == 0 ? 0 : 1);
}

/* More than a pipe holds: write(2) gives back less, and EINTR. */
static void test_writes_all_whatever_interrupts(void **state)
{
	const struct sigaction action = { .sa_handler = hear }; /* no SA_RESTART */
	const size_t len = 500000;
	char *bytes = varied_bytes(len);
	int pipes[2], status;
	pid_t child, parent = getpid();

	(void)state;
	signals_heard = mmap(NULL, sizeof(*signals_heard), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(signals_heard != MAP_FAILED);
	sigaction(SIGUSR1, &action, NULL);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		disturb_and_drain(pipes[0], len, parent);
	close(pipes[0]);
	assert_int_equal(file_write_all(pipes[1], bytes, len), 0);
	close(pipes[1]);
	while (waitpid(child, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	assert_int_equal(status, 0);
	munmap((void *)signals_heard, sizeof(*signals_heard));
	free(bytes);
}

static void test_a_full_disk_is_told(void **state)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	if (fd < 0)
		skip(); /* no /dev/full here */
	assert_int_equal(file_write_all(fd, "x", 1), -ENOSPC);
	close(fd);
}

static void test_loads_whole_files(void **state)
{
	char *data;
	size_t len;

	(void)state;
	put_bytes("x", "a\0b", 3);
	assert_int_equal(file_load("x", 3, &data, &len), 0);
	assert_int_equal(len, 3);
	assert_memory_equal(data, "a\0b", 4); /* and a NUL behind it */
	free(data);
	put("x", "");
	assert_int_equal(file_load("x", 3, &data, &len), 0);
	assert_int_equal(len, 0);
	assert_string_equal(data, "");
	free(data);
}

static void assert_not_loaded(const char *path, int error)
{
	char *untouched = (char *)"untouched", *data = untouched;
	size_t len = 77;

	assert_int_equal(file_load(path, 3, &data, &len), error);
	assert_ptr_equal(data, untouched);
	assert_int_equal(len, 77);
}

static void test_what_is_not_loaded(void **state)
{
	size_t before = open_descriptors();

	(void)state;
	assert_int_equal(mkdir("directory", 0700), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	put("large", "1234");
	assert_not_loaded("missing", -ENOENT);
	assert_not_loaded("directory", -EISDIR);
	assert_not_loaded("fifo", -EINVAL); /* and does not wait for its writer */
	assert_not_loaded("/dev/null", -EINVAL);
	assert_not_loaded("large", -EFBIG);
	assert_not_loaded("large/below", -ENOTDIR);
	assert_int_equal(open_descriptors(), before);
}

static void assert_content(const char *name, const char *expected)
{
	char *data;
	size_t len;

	assert_int_equal(file_load(name, 1000, &data, &len), 0);
	assert_string_equal(data, expected);
	free(data);
}

static void test_replaced_by_a_new_file(void **state)
{
	const struct iovec parts[] = { { (char *)"ne", 2 }, { (char *)"w", 1 } };
	int directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat before, after;

	(void)state;
	put("x", "old");
	assert_int_equal(stat("x", &before), 0);
	assert_int_equal(chmod("x", 0644), 0);
	assert_int_equal(file_replace(directory, "x", parts, 2), 0);
	assert_content("x", "new");
	assert_int_equal(stat("x", &after), 0);
	assert_true(before.st_ino != after.st_ino);
	assert_int_equal(after.st_mode & 07777, 0600);
	assert_int_equal(access("x.tmp", F_OK), -1);
	close(directory);
}

/* No space: the old one stays as it is, and nothing is left lying about. */
static void test_not_replaced_by_half_of_it(void **state)
{
	const struct rlimit small = { 100, RLIM_INFINITY };
	char *bytes = varied_bytes(1000);
	const struct iovec part = { bytes, 1000 };
	int directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct rlimit was;

	(void)state;
	put("x", "old");
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(file_replace(directory, "x", &part, 1), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_content("x", "old");
	assert_int_equal(access("x.tmp", F_OK), -1);
	free(bytes);
	close(directory);
}

static void test_names_too_long_to_replace(void **state)
{
	const struct iovec parts[] = { { (char *)"ne", 2 }, { (char *)"w", 1 } };
	int directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char name[256];

	(void)state;
	memset(name, 'x', 255);
	name[255] = '\0';
	assert_int_equal(file_replace(directory, name, parts, 2), -ENAMETOOLONG);
	name[251] = '\0'; /* with .tmp 255: NAME_MAX */
	assert_int_equal(file_replace(directory, name, parts, 2), 0);
	close(directory);
}

static void test_directories_are_made(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(file_make_directories("a/b/c", 0750), 0);
	assert_int_equal(stat("a/b/c", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(file_make_directories("a/b/c", 0750), 0);
	assert_int_equal(file_make_directories("a/b/d/", 0750), 0);
	assert_int_equal(file_make_directories("a//e", 0750), 0);
	assert_int_equal(file_make_directories("/", 0750), 0);
	put("file", "");
	assert_int_equal(file_make_directories("file", 0750), -ENOTDIR);
	assert_int_equal(file_make_directories("file/below", 0750), -ENOTDIR);
	assert_int_equal(symlink("a", "link"), 0);
	assert_int_equal(file_make_directories("link/f", 0750), 0);
	assert_int_equal(stat("a/f", &st), 0);
}

static void test_absolute_paths(void **state)
{
	char *absolute = file_absolute("/x/../y");
	char expected[300];

	assert_string_equal(absolute, "/x/../y");
	free(absolute);
	snprintf(expected, sizeof(expected), "%s/a b", (char *)*state);
	absolute = file_absolute("a b");
	assert_string_equal(absolute, expected);
	free(absolute);
}

static void test_this_is_local(void **state)
{
	int directory = open("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	if (directory < 0)
		skip(); /* no tmpfs at hand */
	assert_int_equal(file_is_remote(directory), 0);
	close(directory);
	assert_int_equal(file_is_remote(directory), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOM_TEST(test_reads_what_there_is),
		ROOM_TEST(test_reads_beyond_4_gib),
		ROOM_TEST(test_writes_all_whatever_interrupts),
		ROOM_TEST(test_a_full_disk_is_told),
		ROOM_TEST(test_loads_whole_files),
		ROOM_TEST(test_what_is_not_loaded),
		ROOM_TEST(test_replaced_by_a_new_file),
		ROOM_TEST(test_not_replaced_by_half_of_it),
		ROOM_TEST(test_names_too_long_to_replace),
		ROOM_TEST(test_directories_are_made),
		ROOM_TEST(test_absolute_paths),
		ROOM_TEST(test_this_is_local),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
