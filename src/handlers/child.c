#include "handlers/child.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

#define TERM_GRACE_MS 500
#define LOOK_MS 10       /* how often, without a pidfd */
#define FIRST_FREE_FD 16 /* above whatever the child shall have */

static void reset_signals(void)
{
	struct sigaction standard = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		sigaction(number, &standard, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In two steps, as one descriptor's target may be another's source. */
static int arrange_fds(const struct child_setup *setup)
{
	int moved[8];

	for (size_t i = 0; i < setup->fd_count; i++) {
		moved[i] = fcntl(setup->fds[i].from, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
		if (moved[i] < 0)
			return -errno;
	}
	for (size_t i = 0; i < setup->fd_count; i++) {
		if (dup2(moved[i], setup->fds[i].to) < 0)
			return -errno;
	}
	return 0;
}

/* Who uses select(2) cannot have more, and we may have raised our own. */
static void usual_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur <= FD_SETSIZE)
		return;
	limit.rlim_cur = FD_SETSIZE;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* Between fork and exec, in the child: only what is async-signal-safe. Returns on an error. */
static int become(const struct child_setup *setup, pid_t parent)
{
	int error;

	setpgid(0, 0);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	if (getppid() != parent)
		_exit(1);
	if (setup->directory && chdir(setup->directory) < 0)
		return -errno;
	error = arrange_fds(setup);
	if (error)
		return error;
	reset_signals();
	usual_limits();
	execv(setup->command[0], setup->command);
	return -errno;
}

/* The pipe's end closes by the exec; an errno comes through it otherwise. */
static int await_exec(int fd)
{
	int error = 0;
	ssize_t n = TEMP_FAILURE_RETRY(read(fd, &error, sizeof(error)));

	return n == (ssize_t)sizeof(error) ? error : 0;
}

static int fork_and_exec(struct child *child, const struct child_setup *setup, const int report[2])
{
	pid_t parent = getpid();
	int error;

	child->pid = fork();
	if (child->pid < 0)
		return -errno;
	if (child->pid == 0) {
		error = become(setup, parent);
		if (write(report[1], &error, sizeof(error)) < 0)
			_exit(126);
		_exit(127);
	}
	return 0;
}

int child_start(struct child *child, const struct child_setup *setup)
{
	struct child started = { .pid = -1, .pidfd = -1 };
	int report[2], error;

	if (pipe2(report, O_CLOEXEC) < 0)
		return -errno;
	error = fork_and_exec(&started, setup, report);
	close(report[1]);
	if (!error)
		error = await_exec(report[0]);
	close(report[0]);
	if (error && started.pid > 0)
		waitpid(started.pid, NULL, 0);
	if (error)
		return error;
	started.pidfd = pidfd_open(started.pid, 0);
	*child = started;
	return 0;
}

static bool is_zombie(const struct child *child)
{
	siginfo_t end = { 0 };

	return waitid(P_PID, (id_t)child->pid, &end, WEXITED | WNOHANG | WNOWAIT) < 0 ||
	       end.si_pid != 0;
}

bool child_ended(const struct child *child, int timeout_ms)
{
	uint64_t now = clock_monotonic_ns(), deadline = now + (uint64_t)timeout_ms * NS_PER_MS;

	for (; !is_zombie(child); now = clock_monotonic_ns()) {
		struct pollfd end = { .fd = child->pidfd, .events = POLLIN };

		if (now >= deadline)
			return false;
		poll(&end, 1, child->pidfd < 0 ? LOOK_MS : (int)((deadline - now) / NS_PER_MS) + 1);
	}
	return true;
}

void child_outcome(const struct child *child, bool *success, char *text, size_t size)
{
	siginfo_t end = { 0 };

	*success = false;
	if (waitid(P_PID, (id_t)child->pid, &end, WEXITED | WNOHANG | WNOWAIT) < 0 ||
		end.si_pid == 0) {
		snprintf(text, size, "ended");
		return;
	}
	*success = end.si_code == CLD_EXITED && end.si_status == 0;
	if (end.si_code == CLD_EXITED)
		snprintf(text, size, "exited with status %d", end.si_status);
	else
		snprintf(text, size, "killed by signal %d (%s)", end.si_status,
			strsignal(end.si_status));
}

void child_stop(struct child *child, int grace_ms)
{
	if (!child_ended(child, grace_ms)) {
		kill(-child->pid, SIGTERM);
		if (!child_ended(child, TERM_GRACE_MS))
			kill(-child->pid, SIGKILL);
	}
	TEMP_FAILURE_RETRY(waitpid(child->pid, NULL, 0));
	if (child->pidfd >= 0)
		close(child->pidfd);
	*child = (struct child){ .pid = -1, .pidfd = -1 };
}
