#include "base/state.h"

#include "room.h"

#include <errno.h>

#define KIND "linekeeper-test 1"

static int here(void)
{
	int directory = state_directory(".");

	assert_true(directory >= 0);
	return directory;
}

/* The bytes of a file, NUL-terminated, the caller's to free. */
static char *bytes_of(const char *name, size_t *len)
{
	struct stat st;
	char *bytes;
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	*len = (size_t)st.st_size;
	bytes = malloc(*len + 1);
	assert_non_null(bytes);
	assert_int_equal(read(fd, bytes, *len), *len);
	bytes[*len] = '\0';
	close(fd);
	return bytes;
}

static void assert_comes_back(int directory, const char *body)
{
	char *loaded;

	assert_int_equal(state_save(directory, "x", KIND, body), 0);
	assert_int_equal(state_load(directory, "x", KIND, &loaded), 0);
	assert_string_equal(loaded, body);
	free(loaded);
}

static void test_what_is_saved_comes_back(void **state)
{
	int directory = here();
	char large[200001];

	(void)state;
	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	assert_comes_back(directory, "one\ntwo\n");
	assert_comes_back(directory, "");
	assert_comes_back(directory, "no newline");
	assert_comes_back(directory, "checksum 0123456789abcdef\n");
	assert_comes_back(directory, large);
	assert_comes_back(directory, "shorter\n");
	close(directory);
}

static void test_for_nobody_else(void **state)
{
	mode_t mask = umask(0);
	int directory = state_directory("a/b"), lock;
	struct stat st;

	(void)state;
	assert_true(directory >= 0);
	lock = state_lock(directory, "lock");
	assert_int_equal(state_save(directory, "x", KIND, "body\n"), 0);
	umask(mask);
	assert_int_equal(stat("a/b", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat("a/b/x", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat("a/b/lock", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	close(lock);
	close(directory);
}

static void assert_damaged(int directory, const char *what, size_t at)
{
	char *untouched = (char *)"untouched", *body = untouched;
	int error = state_load(directory, "x", KIND, &body);

	if (error != -EBADMSG)
		fail_msg("%s at %zu: %d", what, at, error);
	assert_ptr_equal(body, untouched);
}

static void test_each_flipped_bit_is_seen(void **state)
{
	int directory = here();
	size_t len;
	char *bytes;

	(void)state;
	assert_int_equal(state_save(directory, "x", KIND, "token 1\nfile a b c\n"), 0);
	bytes = bytes_of("x", &len);
	for (size_t i = 0; i < len; i++)
		for (int bit = 0; bit < 8; bit++) {
			bytes[i] ^= (char)(1 << bit);
			put_bytes("x", bytes, len);
			assert_damaged(directory, "flipped bit", i);
			bytes[i] ^= (char)(1 << bit);
		}
	free(bytes);
	close(directory);
}

static void test_each_cut_is_seen(void **state)
{
	int directory = here();
	size_t len;
	char *bytes;

	(void)state;
	assert_int_equal(state_save(directory, "x", KIND, "token 1\nfile a b c\n"), 0);
	bytes = bytes_of("x", &len);
	for (size_t i = 0; i < len; i++) {
		put_bytes("x", bytes, i);
		assert_damaged(directory, "cut", i);
	}
	for (size_t i = 1; i < len; i++) { /* and the beginning gone */
		put_bytes("x", bytes + i, len - i);
		assert_damaged(directory, "beginning cut", i);
	}
	put_bytes("x", bytes, len);
	append("x", "\n");
	assert_damaged(directory, "grown", len);
	free(bytes);
	close(directory);
}

/* A disk after a crash. */
static void test_zeros_are_damage(void **state)
{
	static const char zeros[300];
	int directory = here();

	(void)state;
	for (size_t len = 0; len < sizeof(zeros); len++) {
		put_bytes("x", zeros, len);
		assert_damaged(directory, "zeros", len);
	}
	close(directory);
}

static void test_of_another_kind_or_version(void **state)
{
	int directory = here();
	char *body;

	(void)state;
	assert_int_equal(state_save(directory, "x", "linekeeper-test 10", "body\n"), 0);
	assert_damaged(directory, "version 10", 0);
	assert_int_equal(state_save(directory, "x", "linekeeper-test", "body\n"), 0);
	assert_damaged(directory, "no version", 0);
	assert_int_equal(state_save(directory, "x", "linekeeper-tail 1", "body\n"), 0);
	assert_damaged(directory, "kind", 0);
	assert_int_equal(state_load(directory, "x", "linekeeper-tail 1", &body), 0);
	free(body);
	close(directory);
}

static void test_none_there(void **state)
{
	int directory = here();
	char *body;

	(void)state;
	assert_int_equal(state_load(directory, "x", KIND, &body), -ENOENT);
	assert_int_equal(mkdir("x", 0700), 0);
	assert_int_equal(state_load(directory, "x", KIND, &body), -EISDIR);
	close(directory);
}

/* Killed while it was saved: the old state is obeyed, the rest is swept up. */
static void test_leftovers_of_a_crash(void **state)
{
	int directory = here();
	char *body;

	(void)state;
	assert_int_equal(state_save(directory, "x", KIND, "old\n"), 0);
	put("x.tmp", "half of the new");
	assert_int_equal(state_load(directory, "x", KIND, &body), 0);
	assert_string_equal(body, "old\n");
	assert_int_equal(access("x.tmp", F_OK), -1);
	free(body);
	close(directory);
}

static void test_a_damaged_one_is_kept_for_a_look(void **state)
{
	int directory = here();
	size_t len;
	char *bytes, *body;

	(void)state;
	put("x", "damaged");
	put("x.damaged", "an older one");
	assert_int_equal(state_set_aside(directory, "x"), 0);
	bytes = bytes_of("x.damaged", &len);
	assert_string_equal(bytes, "damaged");
	free(bytes);
	assert_int_equal(state_load(directory, "x", KIND, &body), -ENOENT);
	assert_int_equal(state_set_aside(directory, "x"), -ENOENT);
	close(directory);
}

static void test_one_lock_one_holder(void **state)
{
	int directory = here(), lock = state_lock(directory, "lock");

	(void)state;
	assert_true(lock >= 0);
	assert_int_equal(state_lock(directory, "lock"), -EWOULDBLOCK);
	assert_int_equal(state_save(directory, "x", KIND, "body\n"), 0);
	assert_int_equal(state_lock(directory, "lock"), -EWOULDBLOCK);
	close(lock);
	lock = state_lock(directory, "lock");
	assert_true(lock >= 0);
	close(lock);
	close(directory);
}

/* A trap laid by somebody else. */
static void test_links_are_not_followed(void **state)
{
	int directory = here();
	struct stat st;

	(void)state;
	put("precious", "precious\n");
	assert_int_equal(symlink("precious", "lock"), 0);
	assert_int_equal(state_lock(directory, "lock"), -ELOOP);
	assert_int_equal(symlink("precious", "x.tmp"), 0);
	assert_int_equal(state_save(directory, "x", KIND, "body\n"), -ELOOP);
	assert_int_equal(stat("precious", &st), 0);
	assert_int_equal(st.st_size, 9);
	close(directory);
}

static void test_no_directory(void **state)
{
	(void)state;
	put("file", "");
	assert_int_equal(state_directory("file"), -ENOTDIR);
	assert_int_equal(state_directory("file/below"), -ENOTDIR);
}

static void test_no_descriptor_stays_open(void **state)
{
	int directory = here();
	size_t before = open_descriptors();
	char *body;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(state_save(directory, "x", KIND, "body\n"), 0);
		assert_int_equal(state_load(directory, "x", KIND, &body), 0);
		free(body);
		assert_true(state_load(directory, "missing", KIND, &body) < 0);
		assert_true(state_save(directory, "missing/x", KIND, "body\n") < 0);
	}
	assert_int_equal(open_descriptors(), before);
	close(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOM_TEST(test_what_is_saved_comes_back),
		ROOM_TEST(test_for_nobody_else),
		ROOM_TEST(test_each_flipped_bit_is_seen),
		ROOM_TEST(test_each_cut_is_seen),
		ROOM_TEST(test_zeros_are_damage),
		ROOM_TEST(test_of_another_kind_or_version),
		ROOM_TEST(test_none_there),
		ROOM_TEST(test_leftovers_of_a_crash),
		ROOM_TEST(test_a_damaged_one_is_kept_for_a_look),
		ROOM_TEST(test_one_lock_one_holder),
		ROOM_TEST(test_links_are_not_followed),
		ROOM_TEST(test_no_directory),
		ROOM_TEST(test_no_descriptor_stays_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
