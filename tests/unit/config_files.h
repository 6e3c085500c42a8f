/* A scratch directory with configuration files, and what was logged while they were loaded. */
#ifndef CONFIG_FILES_H
#define CONFIG_FILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct scratch {
	char directory[64];
	char file[96]; /* DIRECTORY/main.conf */
	int log;
	char messages[8192];
};

static int scratch_setup(void **state)
{
	struct scratch *scratch = calloc(1, sizeof(*scratch));

	assert_non_null(scratch);
	snprintf(scratch->directory, sizeof(scratch->directory), "/tmp/linekeeper-config-XXXXXX");
	assert_non_null(mkdtemp(scratch->directory));
	snprintf(scratch->file, sizeof(scratch->file), "%s/main.conf", scratch->directory);
	scratch->log = memfd_create("log", MFD_CLOEXEC);
	assert_true(scratch->log >= 0);
	log_open("test", LOG_TO_NOTHING);
	log_divert(scratch->log);
	*state = scratch;
	return 0;
}

static int scratch_teardown(void **state)
{
	struct scratch *scratch = *state;
	char command[128];

	log_divert(-1);
	close(scratch->log);
	snprintf(command, sizeof(command), "rm -r %s", scratch->directory);
	assert_int_equal(system(command), 0);
	free(scratch);
	return 0;
}

/* DIRECTORY/name with these bytes. */
static inline void scratch_bytes(
	struct scratch *scratch, const char *name, const char *bytes, size_t len)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", scratch->directory, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static inline void scratch_write(struct scratch *scratch, const char *name, const char *text)
{
	scratch_bytes(scratch, name, text, strlen(text));
}

static inline void scratch_drop_in(struct scratch *scratch, const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s.d", scratch->file);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "main.conf.d/%s", name);
	scratch_write(scratch, path, text);
}

/* What has been logged since the last call. */
static inline const char *scratch_messages(struct scratch *scratch)
{
	ssize_t len = pread(scratch->log, scratch->messages, sizeof(scratch->messages) - 1, 0);

	assert_true(len >= 0);
	scratch->messages[len] = '\0';
	assert_int_equal(ftruncate(scratch->log, 0), 0);
	assert_int_equal(lseek(scratch->log, 0, SEEK_SET), 0);
	return scratch->messages;
}

/* Exactly one message: "test: " and the path of main.conf, then `rest` somewhere right behind. */
static inline void assert_one_message(struct scratch *scratch, const char *rest)
{
	const char *messages = scratch_messages(scratch);
	char expected[512];
	const char *newline = strchr(messages, '\n');

	snprintf(expected, sizeof(expected), "test: %s%s", scratch->file, rest);
	if (strncmp(messages, expected, strlen(expected)) != 0)
		fail_msg("expected \"%s...\"\nbut got \"%s\"", expected, messages);
	assert_non_null(newline);
	assert_string_equal(newline, "\n");
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

/* The contents of a stream written by `dump`. */
#define dumped(dump, conf)                                                                         \
	({                                                                                         \
		char *dumped_text;                                                                 \
		size_t dumped_size;                                                                \
		FILE *dumped_out = open_memstream(&dumped_text, &dumped_size);                     \
		assert_non_null(dumped_out);                                                       \
		dump(conf, dumped_out);                                                            \
		fclose(dumped_out);                                                                \
		dumped_text;                                                                       \
	})

#endif
