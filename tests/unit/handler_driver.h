/* Drives a handler through its contract, as the tailer does. */
#ifndef HANDLER_DRIVER_H
#define HANDLER_DRIVER_H

#include "base/clock.h"
#include "base/file.h"
#include "handlers/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_NS (10 * NS_PER_S)
#define MAX_LINES 20000

struct driver {
	const struct lk_handler *handler;
	void *state;
	const char *options[8];
	struct lk_settings settings;
	uint64_t most; /* bytes that can come again */
	struct lk_token token;
	struct lk_result result;
	char reason[256];
};

/* What handlers said. */
static char logged[8192];

static inline void driver_log(enum lk_log_level level, const char *message)
{
	size_t len = strlen(logged);

	snprintf(logged + len, sizeof(logged) - len, "<%d>%s\n", level, message);
}

static inline void driver_figure(
	const struct lk_settings *settings, const char *name, uint64_t value)
{
	(void)settings, (void)name, (void)value;
}

static inline void driver_configure(
	struct driver *driver, const char *type, const char *const *options)
{
	size_t count = 0;

	*driver = (struct driver){ .most = UINT64_MAX };
	assert_int_equal(
		handler_find(type, NULL, &driver->handler, driver->reason, sizeof(driver->reason)),
		0);
	for (; options && options[count]; count++)
		driver->options[count] = options[count];
	driver->settings = (struct lk_settings){ .section = "app",
		.handler = "out",
		.options = driver->options,
		.log = driver_log,
		.figure = driver_figure };
	logged[0] = '\0';
}

static inline int driver_check(struct driver *driver)
{
	return driver->handler->check(&driver->settings, driver->reason, sizeof(driver->reason));
}

static inline int driver_open(struct driver *driver, const char *token, int replays)
{
	struct lk_resume resume = { .token = token, .replays = replays, .most = driver->most };

	return driver->handler->open(
		&driver->settings, &resume, &driver->state, driver->reason, sizeof(driver->reason));
}

static inline void driver_close(struct driver *driver)
{
	driver->handler->close(driver->state);
}

/* Waits as the tailer does after LK_LATER. */
static inline void driver_wait(struct driver *driver)
{
	struct pollfd fd = { .fd = -1 };

	if (driver->handler->poll)
		fd.fd = driver->handler->poll(driver->state, &fd.events);
	poll(&fd, 1, 50);
}

static inline enum lk_verdict driver_commit_once(struct driver *driver)
{
	driver->result = (struct lk_result){ 0 };
	driver->token = (struct lk_token){ 0 };
	return driver->handler->commit(driver->state, &driver->token, &driver->result);
}

static inline enum lk_verdict driver_commit(struct driver *driver)
{
	uint64_t deadline = clock_monotonic_ns() + PATIENCE_NS;
	enum lk_verdict verdict;

	while ((verdict = driver_commit_once(driver)) == LK_LATER) {
		assert_true(clock_monotonic_ns() < deadline);
		driver_wait(driver);
	}
	return verdict;
}

/* Hands over the lines of a text once; its last line may be unterminated. */
static inline enum lk_verdict driver_put_once(struct driver *driver, const char *text, size_t len)
{
	static struct lk_line lines[MAX_LINES];
	struct lk_batch batch = {
		.section = "app", .path = "/var/log/app.log", .file_id = "file-1", .lines = lines
	};

	for (size_t at = 0; at < len && batch.count < MAX_LINES;) {
		const char *newline = memchr(text + at, '\n', len - at);
		size_t line_len = newline ? (size_t)(newline - text) - at : len - at;

		lines[batch.count++] = (struct lk_line){ .data = text + at,
			.len = line_len,
			.offset = at,
			.flags = newline ? LK_LINE_NEWLINE : 0 };
		at += line_len + 1;
	}
	driver->result = (struct lk_result){ 0 };
	return driver->handler->process(driver->state, &batch, &driver->result);
}

static inline enum lk_verdict driver_put(struct driver *driver, const char *text)
{
	return driver_put_once(driver, text, strlen(text));
}

static inline char *load(const char *path)
{
	static char *text;
	size_t len;

	free(text);
	text = NULL;
	assert_int_equal(file_load(path, 1 << 26, &text, &len), 0);
	return text;
}

static inline void store(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, text, strlen(text)), 0);
	close(fd);
}

/* "line 00000\nline 00001\n...": the caller frees. */
static inline char *numbered_lines(size_t count)
{
	char *text, *at;

	text = at = malloc(count * 11 + 1);
	assert_non_null(text);
	for (size_t i = 0; i < count; i++)
		at += snprintf(at, 12, "line %05zu\n", i);
	return text;
}

/* Becomes root of a user namespace, as who we were outside of it. */
static inline bool own_users(void)
{
	char map[64];
	uid_t uid = getuid();
	gid_t gid = getgid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return false;
	store("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	store("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	store("/proc/self/gid_map", map);
	return true;
}

/* A mount namespace of our own. */
static inline bool own_mounts(void)
{
	static int done;

	if (!done)
		done = unshare(CLONE_NEWNS) == 0 || own_users() ? 1 : -1;
	return done > 0 && mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0;
}

#define SKIP_WITHOUT_MOUNTS()                                                                      \
	do {                                                                                       \
		if (!own_mounts()) {                                                               \
			print_message("no mount namespace allowed here\n");                        \
			skip();                                                                    \
		}                                                                                  \
	} while (0)

/* A directory for each test: its setup and teardown. */
static char directory[64];

static inline int enter_directory(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/linekeeper-test.XXXXXX");
	return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static inline int leave_directory(void **state)
{
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		execlp("rm", "rm", "-rf", directory, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	return chdir("/");
}

/* An absolute path in the test's directory; up to four live at a time. */
static inline char *here(const char *name)
{
	static char paths[4][128];
	static int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

#endif
