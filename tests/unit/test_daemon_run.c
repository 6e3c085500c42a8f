/*
 * A whole daemon of made-up sections, as init, a user and systemd meet it. Its configuration is a
 * file of lines "NAME WAY", WAY being one of those in run_section(); what its workers live through
 * is in a file of events, one line each.
 */
#include "base/log.h"
#include "base/status.h"
#include "daemon/daemon.h"
#include "daemon/detach.h"
#include "daemon/signals.h"
#include "daemon/title.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include <cmocka.h>

#define DEADLINE_MS 10000

/* The room of one test, and the names of what is in it. */
static struct {
	char directory[40];
	char config[60], events[60], errors[60], pidfile[60], state[60];
} room;

/* --- the made-up sections ------------------------------------------------------------------ */

static void event(const char *what, const char *name, long number)
{
	int fd = open(room.events, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);

	(void)!fchmod(fd, 0666); /* for another user, too */
	dprintf(fd, "%s %s %ld\n", what, name, number);
	close(fd);
}

struct life {
	sd_event *loop;
	const char *name;
};

static void on_stop(void *context)
{
	struct life *life = context;

	event("stop", life->name, getpid());
	sd_event_exit(life->loop, STATUS_OK);
}

static void on_reload(void *context)
{
	struct life *life = context;

	event("reopen", life->name, getpid());
}

static int live(const char *name, struct worker *worker)
{
	struct life life = { .name = name };
	const struct worker_signals signals = { on_stop, on_reload, &life };
	int status = worker_loop(worker, &signals, &life.loop);

	if (status < 0)
		return STATUS_FAILURE;
	event("start", name, getpid());
	worker_ready(worker);
	status = sd_event_loop(life.loop);
	sd_event_unref(life.loop);
	return status;
}

static int run_section(void *context, const struct section *section, struct worker *worker)
{
	const char *way = section->text;

	(void)context;
	if (strcmp(way, "wrong") == 0) {
		log_error("this is wrong");
		return STATUS_CONFIG;
	}
	if (strcmp(way, "broken") == 0)
		abort();
	if (strcmp(way, "stuck") == 0) { /* never ready */
		signals_reset();
		event("start", section->name, getpid());
		pause();
	}
	if (strncmp(way, "steady", 6) == 0)
		return live(section->name, worker);
	event("start", section->name, getpid());
	worker_ready(worker);
	if (strcmp(way, "short") == 0)
		return STATUS_OK;
	if (strcmp(way, "dying") == 0)
		raise(SIGKILL);
	for (;;) /* "deaf": its signals stay blocked */
		pause();
}

static void release(void *context, struct section_list *list)
{
	(void)context;
	for (size_t i = 0; i < list->count; i++) {
		free((void *)list->section[i].name);
		free((void *)list->section[i].text);
	}
	free(list->section);
}

static int load(void *context, struct section_list *list)
{
	struct section_list found = { .stop_timeout_ns = 300000000 };
	FILE *file = fopen(room.config, "re");
	char name[20], way[20];

	(void)context;
	event("heap", "bytes", (long)mallinfo2().uordblks);
	found.section = calloc(10, sizeof(*found.section));
	while (fscanf(file, "%19s %19s", name, way) == 2)
		found.section[found.count++] =
			(struct section){ .name = strdup(name), .text = strdup(way) };
	fclose(file);
	if (found.count > 0 && strcmp(found.section[0].text, "error") == 0) {
		log_error("%s:1: this is an error", room.config);
		release(NULL, &found);
		return -EINVAL;
	}
	*list = found;
	return 0;
}

static const struct supervised supervised = {
	.program = "linekeeper-test",
	.load = load,
	.release = release,
	.run = run_section,
};

/* --- starting and looking ------------------------------------------------------------------- */

/* At once: a daemon may be reading it. */
static void write_config(const char *text)
{
	char path[80];
	FILE *file;

	snprintf(path, sizeof(path), "%s.new", room.config);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(rename(path, room.config), 0);
}

static char *read_file(const char *path)
{
	static char text[1 << 20];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[len > 0 ? len : 0] = '\0';
	return text;
}

static bool says(const char *path, const char *text)
{
	return strstr(read_file(path), text);
}

static size_t times(const char *path, const char *text)
{
	size_t found = 0;

	for (const char *at = read_file(path); (at = strstr(at, text)); at++)
		found++;
	return found;
}

#define wait_for(condition)                                                                        \
	do {                                                                                       \
		int left = DEADLINE_MS;                                                            \
                                                                                                   \
		for (; !(condition) && left > 0; left -= 5)                                        \
			usleep(5000);                                                              \
		if (left <= 0)                                                                     \
			fail_msg("waited in vain for " #condition "; errors:\n%s",                 \
				read_file(room.errors));                                           \
	} while (0)

/* The number in the last event of this kind, 0 if there is none. */
static long number_of(const char *what, const char *name)
{
	char start[40];
	long number = 0;

	snprintf(start, sizeof(start), "%s %s ", what, name);
	for (const char *at = read_file(room.events); (at = strstr(at, start)); at++)
		number = strtol(at + strlen(start), NULL, 10);
	return number;
}

static pid_t pid_of(const char *what, const char *name)
{
	return (pid_t)number_of(what, name);
}

static pid_t daemon_pid(void)
{
	return (pid_t)strtol(read_file(room.pidfile), NULL, 10);
}

static bool alive(pid_t pid)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	return *read_file(path) && !says(path, ") Z ");
}

static struct daemon_setup setup_of(bool foreground)
{
	return (struct daemon_setup){
		.foreground = foreground, .pidfile = room.pidfile, .state = room.state
	};
}

static _Noreturn void be_program(const struct daemon_setup *setup)
{
	struct section_list first;
	int fd = open(room.errors, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);

	dup2(fd, STDERR_FILENO);
	fchmod(fd, 0666);
	detach_prepare();
	log_open(supervised.program, LOG_TO_AUTO);
	if (load(NULL, &first) < 0)
		_exit(STATUS_CONFIG);
	_exit(daemon_run(setup, &supervised, &first));
}

static pid_t start(const struct daemon_setup *setup)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		be_program(setup);
	return pid;
}

static pid_t start_foreground(const char *config)
{
	const struct daemon_setup setup = setup_of(true);

	write_config(config);
	return start(&setup);
}

static int status_of(pid_t pid)
{
	int status;
	pid_t ended = 0;

	wait_for((ended = waitpid(pid, &status, WNOHANG)) != 0);
	assert_int_equal(ended, pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int start_detached(const char *config)
{
	const struct daemon_setup setup = setup_of(false);

	write_config(config);
	return status_of(start(&setup));
}

static int stop(pid_t pid)
{
	kill(pid, SIGTERM);
	return status_of(pid);
}

static int enter_room(void **state)
{
	(void)state;
	snprintf(room.directory, sizeof(room.directory), "/tmp/daemon.XXXXXX");
	if (!mkdtemp(room.directory))
		return -1;
	chmod(room.directory, 0777); /* "daemon" writes events here */
	snprintf(room.config, sizeof(room.config), "%s/config", room.directory);
	snprintf(room.events, sizeof(room.events), "%s/events", room.directory);
	snprintf(room.errors, sizeof(room.errors), "%s/errors", room.directory);
	snprintf(room.pidfile, sizeof(room.pidfile), "%s/run/x.pid", room.directory);
	snprintf(room.state, sizeof(room.state), "%s/state", room.directory);
	return 0;
}

/* Also ends what a failed test left: it all hangs below us, the subreaper. */
static int leave_room(void **state)
{
	char command[60];
	DIR *proc = opendir("/proc");
	const struct dirent *entry;

	(void)state;
	while ((entry = readdir(proc))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10), parent = 0;
		char path[300];

		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		if (pid > 0 && sscanf(read_file(path), "%*d (%*[^)]) %*c %d", &parent) == 1 &&
			parent == getpid())
			kill(pid, SIGKILL);
	}
	closedir(proc);
	while (waitpid(-1, NULL, 0) > 0)
		;
	snprintf(command, sizeof(command), "%s", room.directory);
	if (fork() == 0)
		execlp("rm", "rm", "-rf", command, NULL);
	wait(NULL);
	unsetenv("NOTIFY_SOCKET");
	return 0;
}

/* --- detached ------------------------------------------------------------------------------- */

static void read_link(pid_t pid, const char *what, char *target, size_t size)
{
	char path[300];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	len = readlink(path, target, size - 1);
	assert_true(len >= 0);
	target[len] = '\0';
}

/* Which has descriptors and a command line of its own. */
static bool under_valgrind(void)
{
	const char *preloaded = getenv("LD_PRELOAD");

	return preloaded && strstr(preloaded, "valgrind");
}

static bool is_stats_file(const char *path)
{
	const char *ending = strrchr(path, '.');

	return ending && strcmp(ending, ".stats") == 0;
}

/* Pipes, files and terminals come from outside; sd-event's descriptors, the pidfile and the .stats
 * file do not. */
static void assert_only_own_descriptors(pid_t pid)
{
	char path[40], target[300];
	const struct dirent *entry;
	DIR *descriptors;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	descriptors = opendir(path);
	assert_non_null(descriptors);
	while ((entry = readdir(descriptors))) {
		char name[270];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "fd/%s", entry->d_name);
		read_link(pid, name, target, sizeof(target));
		if (strtol(entry->d_name, NULL, 10) <= STDERR_FILENO)
			assert_string_equal(target, "/dev/null");
		else if (strcmp(target, room.pidfile) != 0 && !is_stats_file(target) &&
			 strncmp(target, "anon_inode:", 11) != 0)
			fail_msg("descriptor %s is %s", entry->d_name, target);
	}
	closedir(descriptors);
}

static void test_detached_as_daemon7_says(void **state)
{
	int status, session, group, parent, terminal, stray = dup(STDOUT_FILENO);
	char path[40], target[300];
	unsigned mask;
	pid_t pid;

	(void)state;
	fcntl(stray, F_SETFD, 0);
	umask(022);
	assert_int_equal(start_detached("a steady b steady"), STATUS_OK);
	close(stray);
	assert_string_equal(read_file(room.errors), "");
	assert_true(pid_of("start", "a") > 0 && pid_of("start", "b") > 0);
	pid = daemon_pid();
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	assert_int_equal(sscanf(read_file(path), "%*d (%*[^)]) %*c %d %d %d %d", &parent, &group,
				 &session, &terminal),
		4);
	assert_int_equal(parent, getpid()); /* we are the subreaper */
	assert_int_not_equal(session, pid);
	assert_int_not_equal(session, getsid(0));
	assert_int_equal(terminal, 0);
	read_link(pid, "cwd", target, sizeof(target));
	assert_string_equal(target, "/");
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	assert_int_equal(sscanf(strstr(read_file(path), "Umask:"), "Umask: %o", &mask), 1);
	assert_int_equal(mask, 027);
	if (!under_valgrind()) {
		assert_only_own_descriptors(pid);
		assert_only_own_descriptors(pid_of("start", "a"));
	}
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid_of("start", "b"));
	if (!under_valgrind())
		assert_string_equal(read_file(path), "linekeeper-test: b");

	kill(pid, SIGTERM);
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == STATUS_OK);
	assert_int_equal(access(room.pidfile, F_OK), -1);
	assert_false(alive(pid_of("start", "a")));
}

static void test_boot_error_travels_up(void **state)
{
	(void)state;
	assert_int_equal(start_detached("a steady b wrong"), STATUS_CONFIG);
	assert_true(says(room.errors, "linekeeper-test: b: this is wrong\n"));
	assert_true(says(room.errors, "linekeeper-test: b: exited with status 6\n"));
	assert_int_equal(access(room.pidfile, F_OK), -1);
	assert_false(alive(pid_of("start", "a")));
}

static void test_boot_crash_travels_up(void **state)
{
	(void)state;
	assert_int_equal(start_detached("a broken"), STATUS_FAILURE);
	assert_true(says(room.errors, "linekeeper-test: a: killed by SIGABRT\n"));
}

static void test_dead_daemon_is_noticed(void **state)
{
	const struct daemon_setup setup = setup_of(false);
	pid_t original;

	(void)state;
	write_config("a stuck");
	original = start(&setup);
	wait_for(pid_of("start", "a"));
	kill(daemon_pid(), SIGKILL);
	assert_int_equal(status_of(original), STATUS_FAILURE);
	assert_true(says(room.errors, "the daemon died while it was starting"));
}

static void test_stopped_while_starting(void **state)
{
	const struct daemon_setup setup = setup_of(false);
	pid_t original;

	(void)state;
	write_config("a steady b stuck");
	original = start(&setup);
	wait_for(pid_of("start", "b"));
	kill(daemon_pid(), SIGTERM);
	assert_int_equal(status_of(original), STATUS_FAILURE);
	assert_true(says(room.errors, "told to stop while starting"));
	assert_false(alive(pid_of("start", "a")));
	assert_false(alive(pid_of("start", "b")));
}

static void test_no_standard_error_when_detached(void **state)
{
	struct daemon_setup setup = setup_of(false);

	(void)state;
	write_config("a steady");
	setup.log = LOG_TO_STDERR;
	assert_int_equal(status_of(start(&setup)), STATUS_CONFIG);
	assert_int_equal(access(room.pidfile, F_OK), -1);
}

/* --- one at a time, and as whom ------------------------------------------------------------- */

static void test_second_instance_is_refused(void **state)
{
	char text[200];
	pid_t first;

	(void)state;
	first = start_foreground("a steady");
	wait_for(says(room.errors, "1 of 1 sections running"));
	assert_int_equal(start_detached("a steady"), STATUS_FAILURE);
	snprintf(text, sizeof(text), "already running with pid %d (%s)", first, room.pidfile);
	assert_true(says(room.errors, text));
	assert_int_equal(daemon_pid(), first);
	assert_int_equal(stop(first), STATUS_OK);
}

static void test_killed_supervisor_takes_its_workers_along(void **state)
{
	pid_t daemon, worker;

	(void)state;
	assert_int_equal(start_detached("a steady b deaf"), STATUS_OK);
	daemon = daemon_pid();
	worker = pid_of("start", "a");
	assert_true(alive(worker));
	kill(daemon, SIGKILL);
	assert_int_equal(status_of(daemon), -SIGKILL);
	wait_for(!alive(worker) && !alive(pid_of("start", "b")));
	assert_int_equal(daemon_pid(), daemon); /* stale now */
	assert_int_equal(start_detached("a steady"), STATUS_OK);
	assert_int_not_equal(daemon_pid(), daemon);
	assert_int_equal(stop(daemon_pid()), STATUS_OK);
}

static void test_runs_as_another_user(void **state)
{
	struct daemon_setup setup = setup_of(false);
	const struct passwd *user = getpwnam("daemon");
	char path[40], want[80];
	struct stat st;

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: only root can become another user\n");
		skip();
	}
	write_config("a steady");
	setup.user = "daemon";
	assert_int_equal(status_of(start(&setup)), STATUS_OK);
	snprintf(want, sizeof(want), "Uid:\t%u\t%u\t%u\t%u\n", user->pw_uid, user->pw_uid,
		user->pw_uid, user->pw_uid);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)daemon_pid());
	assert_true(says(path, want));
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid_of("start", "a"));
	assert_true(says(path, want));
	assert_int_equal(stat(room.state, &st), 0);
	assert_int_equal(st.st_uid, user->pw_uid);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stop(daemon_pid()), STATUS_OK);
	assert_int_equal(access(room.pidfile, F_OK), -1);
}

static void test_directory_not_writable(void **state)
{
	struct daemon_setup setup = setup_of(false);

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: only root can become another user\n");
		skip();
	}
	write_config("a steady");
	mkdir(room.state, 0755);
	setup.user = "daemon";
	assert_int_equal(status_of(start(&setup)), STATUS_PERMISSION);
	assert_true(says(room.errors, "/state: not writable: Permission denied"));
	assert_int_equal(access(room.pidfile, F_OK), -1);
}

static void test_unknown_user(void **state)
{
	struct daemon_setup setup = setup_of(true);

	(void)state;
	write_config("a steady");
	setup.user = "no-such-user";
	assert_int_equal(status_of(start(&setup)), STATUS_CONFIG);
	assert_true(says(room.errors, "user \"no-such-user\": no such user"));
}

/* --- workers -------------------------------------------------------------------------------- */

static void test_dead_worker_is_started_again(void **state)
{
	pid_t daemon = start_foreground("a steady b steady"), first, other;

	(void)state;
	wait_for(says(room.errors, "2 of 2 sections running"));
	first = pid_of("start", "a");
	other = pid_of("start", "b");
	kill(first, SIGQUIT);
	wait_for(pid_of("start", "a") != first);
	assert_true(says(room.errors, "a: killed by SIGQUIT"));
	assert_int_equal(pid_of("start", "b"), other);
	assert_true(alive(other));
	assert_int_equal(stop(daemon), STATUS_OK);
}

static void test_back_off_grows(void **state)
{
	pid_t daemon = start_foreground("a dying");
	struct timespec begin, end;

	(void)state;
	wait_for(times(room.events, "start a") == 1);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	wait_for(times(room.events, "start a") == 4);
	clock_gettime(CLOCK_MONOTONIC, &end);
	/* 0.1 + 0.2 + 0.4 s */
	assert_true((end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000 >=
		    680);
	assert_int_equal(stop(daemon), STATUS_OK);
}

static void test_finished_workers_end_the_daemon(void **state)
{
	(void)state;
	assert_int_equal(status_of(start_foreground("a short b short")), STATUS_OK);
	assert_int_equal(times(room.events, "start"), 2);
	assert_true(says(room.errors, "all sections are finished"));
	assert_int_equal(access(room.pidfile, F_OK), -1);
}

static void test_deaf_worker_is_killed(void **state)
{
	pid_t daemon = start_foreground("a deaf b steady");

	(void)state;
	wait_for(says(room.errors, "2 of 2 sections running"));
	kill(daemon, SIGINT);
	kill(daemon, SIGTERM);
	kill(daemon, SIGTERM);
	assert_int_equal(status_of(daemon), STATUS_OK);
	assert_int_equal(times(room.errors, "a: does not stop, killing it"), 1);
	assert_int_equal(times(room.events, "stop b"), 1);
	assert_false(alive(pid_of("start", "a")));
}

/* --- reload --------------------------------------------------------------------------------- */

static void test_reload_touches_what_changed(void **state)
{
	pid_t daemon = start_foreground("same steady changed steady1 removed steady"), same,
	      changed;

	(void)state;
	wait_for(says(room.errors, "3 of 3 sections running"));
	same = pid_of("start", "same");
	changed = pid_of("start", "changed");
	write_config("added steady changed steady2 same steady");
	kill(daemon, SIGHUP);
	wait_for(pid_of("start", "added") && pid_of("stop", "removed") &&
		 pid_of("start", "changed") != changed && pid_of("reopen", "same"));
	assert_int_equal(pid_of("stop", "changed"), changed);
	assert_int_equal(pid_of("start", "same"), same);
	wait_for(!alive(pid_of("start", "removed")));
	assert_int_equal(times(room.events, "start"), 5);
	assert_int_equal(stop(daemon), STATUS_OK);
}

static void test_successor_waits_for_the_old_one(void **state)
{
	pid_t daemon = start_foreground("a deaf"), old;

	(void)state;
	wait_for(says(room.errors, "1 of 1 sections running"));
	old = pid_of("start", "a");
	write_config("a steady1");
	kill(daemon, SIGHUP);
	wait_for(says(room.errors, "read again"));
	write_config("a steady2"); /* the last one counts */
	kill(daemon, SIGHUP);
	wait_for(pid_of("start", "a") != old);
	assert_false(alive(old));
	wait_for(times(room.errors, "read again") == 2);
	assert_int_equal(stop(daemon), STATUS_OK);
	assert_int_equal(times(room.events, "start a"), 2);
}

static void test_bad_reload_changes_nothing(void **state)
{
	pid_t daemon = start_foreground("a steady"), worker;

	(void)state;
	wait_for(says(room.errors, "1 of 1 sections running"));
	worker = pid_of("start", "a");
	write_config("a error");
	kill(daemon, SIGHUP);
	wait_for(says(room.errors, "configuration not changed"));
	assert_true(says(room.errors, "/config:1: this is an error"));
	assert_true(alive(worker));
	assert_int_equal(stop(daemon), STATUS_OK);
	assert_int_equal(times(room.events, "start"), 1);
	assert_int_equal(times(room.events, "reopen"), 0);
}

static size_t descriptors(pid_t pid)
{
	char path[40];
	size_t found = 0;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	directory = opendir(path);
	assert_non_null(directory);
	while (readdir(directory))
		found++;
	closedir(directory);
	return found;
}

static void reload_and_wait(pid_t daemon, const char *config, const char *answer)
{
	size_t before = times(room.errors, answer);

	write_config(config);
	kill(daemon, SIGHUP);
	wait_for(times(room.errors, answer) > before);
}

static void reload_three_ways(pid_t daemon)
{
	pid_t old = pid_of("start", "b");

	reload_and_wait(daemon, "a error", "not changed");
	reload_and_wait(daemon, "a steady b steady1", "read again");
	reload_and_wait(daemon, "a steady b steady2", "read again");
	wait_for(pid_of("start", "b") != old);
}

static void test_hundred_reloads_leak_nothing(void **state)
{
	pid_t daemon = start_foreground("a steady b steady2"), worker;
	size_t open_before;
	long heap_before;

	(void)state;
	wait_for(says(room.errors, "2 of 2 sections running"));
	worker = pid_of("start", "a");
	for (int i = 0; i < 10; i++)
		reload_three_ways(daemon);
	open_before = descriptors(daemon);
	heap_before = number_of("heap", "bytes");
	for (int i = 0; i < 100; i++)
		reload_three_ways(daemon);
	wait_for(descriptors(daemon) <= open_before);
	assert_true(number_of("heap", "bytes") < heap_before + 2000);
	assert_int_equal(pid_of("start", "a"), worker);
	assert_int_equal(stop(daemon), STATUS_OK);
}

static void test_storm_of_reloads(void **state)
{
	pid_t daemon = start_foreground("a steady0");

	(void)state;
	wait_for(says(room.errors, "1 of 1 sections running"));
	for (int i = 0; i < 500; i++) {
		write_config(i % 2 ? "a steady1" : "a steady2 b steady");
		kill(daemon, SIGHUP);
	}
	write_config("a steady3 last steady");
	kill(daemon, SIGHUP);
	wait_for(pid_of("start", "last") && !alive(pid_of("start", "b")));
	assert_int_equal(stop(daemon), STATUS_OK);
	assert_false(says(room.errors, "killed by"));
	assert_int_equal(pid_of("stop", "a"), pid_of("start", "a"));
	assert_int_equal(times(room.events, "start a"), times(room.events, "stop a"));
}

/* --- what systemd hears ---------------------------------------------------------------------- */

static int listen_as_systemd(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", room.directory);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	return fd;
}

/* Reads messages until one has this text in it. */
static const char *hear(int fd, const char *text)
{
	static char message[1000];
	ssize_t len = 0;

	do {
		message[0] = '\0';
		wait_for((len = recv(fd, message, sizeof(message) - 1, MSG_DONTWAIT)) > 0);
		message[len] = '\0';
	} while (!strstr(message, text));
	return message;
}

static void test_systemd_is_told(void **state)
{
	int fd = listen_as_systemd();
	pid_t daemon = start_foreground("a steady b steady");

	(void)state;
	assert_string_equal(hear(fd, "READY=1"), "READY=1\nSTATUS=2 of 2 sections running");
	write_config("a error");
	kill(daemon, SIGHUP);
	assert_non_null(strstr(hear(fd, "RELOADING=1"), "\nMONOTONIC_USEC="));
	assert_non_null(strstr(hear(fd, "READY=1"), "STATUS=configuration not changed"));
	assert_non_null(strstr(hear(fd, "STATUS="), "STATUS=configuration not changed"));
	write_config("a steady");
	kill(daemon, SIGHUP);
	hear(fd, "RELOADING=1");
	assert_non_null(strstr(hear(fd, "READY=1"), "STATUS=1 of 1 sections running"));
	kill(daemon, SIGTERM);
	hear(fd, "STOPPING=1");
	assert_int_equal(status_of(daemon), STATUS_OK);
	close(fd);
}

static void test_watchdog_is_fed(void **state)
{
	int fd = listen_as_systemd();
	pid_t daemon;

	(void)state;
	setenv("WATCHDOG_USEC", "400000", 1);
	daemon = start_foreground("a steady");
	unsetenv("WATCHDOG_USEC");
	hear(fd, "READY=1");
	hear(fd, "WATCHDOG=1");
	hear(fd, "WATCHDOG=1");
	assert_int_equal(stop(daemon), STATUS_OK);
	close(fd);
}

int main(int argc, char **argv)
{
#define room_test(test) cmocka_unit_test_setup_teardown(test, enter_room, leave_room)
	const struct CMUnitTest tests[] = {
		room_test(test_detached_as_daemon7_says),
		room_test(test_boot_error_travels_up),
		room_test(test_boot_crash_travels_up),
		room_test(test_dead_daemon_is_noticed),
		room_test(test_stopped_while_starting),
		room_test(test_no_standard_error_when_detached),
		room_test(test_second_instance_is_refused),
		room_test(test_killed_supervisor_takes_its_workers_along),
		room_test(test_runs_as_another_user),
		room_test(test_directory_not_writable),
		room_test(test_unknown_user),
		room_test(test_dead_worker_is_started_again),
		room_test(test_back_off_grows),
		room_test(test_finished_workers_end_the_daemon),
		room_test(test_deaf_worker_is_killed),
		room_test(test_reload_touches_what_changed),
		room_test(test_successor_waits_for_the_old_one),
		room_test(test_bad_reload_changes_nothing),
		room_test(test_hundred_reloads_leak_nothing),
		room_test(test_storm_of_reloads),
		room_test(test_systemd_is_told),
		room_test(test_watchdog_is_fed),
	};
	const struct rlimit no_core = { 0 };

	title_init(argc, argv);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	setrlimit(RLIMIT_CORE, &no_core);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
