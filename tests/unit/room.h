/* An empty directory of a test's own, which is its working directory while it runs; and files. */
#ifndef ROOM_H
#define ROOM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GIB (UINT64_C(1) << 30)

static inline int room_enter(void **state)
{
	char *directory = strdup("/tmp/linekeeper-test-XXXXXX");

	assert_non_null(mkdtemp(directory));
	assert_int_equal(chdir(directory), 0);
	*state = directory;
	return 0;
}

static inline int room_remove(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st, (void)kind, (void)where;
	return remove(path);
}

static inline int room_leave(void **state)
{
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(nftw(*state, room_remove, 16, FTW_DEPTH | FTW_PHYS), 0);
	free(*state);
	return 0;
}

#define ROOM_TEST(test) cmocka_unit_test_setup_teardown(test, room_enter, room_leave)

/* The bytes of a file from `offset` on, written over what is there. */
static inline void put_at(const char *name, const void *bytes, size_t len, uint64_t offset)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, len, (off_t)offset), len);
	close(fd);
}

static inline void put_bytes(const char *name, const void *bytes, size_t len)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

static inline void put(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text));
}

static inline void append(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* Bytes that differ from place to place, the caller's to free. */
static inline char *varied_bytes(size_t len)
{
	char *bytes = malloc(len + 1);
	uint32_t x = 12345;

	assert_non_null(bytes);
	for (size_t i = 0; i < len; i++) {
		x = x * 1103515245 + 12345;
		bytes[i] = (char)(x >> 16);
	}
	bytes[len] = '\0';
	return bytes;
}

static inline size_t open_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

#endif
