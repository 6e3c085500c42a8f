#include "daemon/detach.h"

#include "base/file.h"
#include "base/log.h"
#include "base/status.h"
#include "daemon/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static void unset_all(const char *const *name)
{
	for (; *name; name++)
		unsetenv(*name);
}

static void clean_environment(void)
{
	static const char *const shell[] = { "BASH_ENV", "CDPATH", "ENV", "IFS", NULL };

	unset_all(shell);
	setenv("PATH", DEFAULT_PATH, 0);
}

void detach_open_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

void detach_prepare(void)
{
	struct sigaction hangup;

	sigaction(SIGHUP, NULL, &hangup);
	signals_reset();
	if (hangup.sa_handler == SIG_IGN)
		signal(SIGHUP, SIG_IGN);
	clean_environment();
	detach_open_standard();
	close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC);
}

void detach_close_inherited(void)
{
	int passed = sd_listen_fds(0);

	close_range((unsigned)(SD_LISTEN_FDS_START + (passed > 0 ? passed : 0)), UINT_MAX, 0);
}

/* In the original process: prints what comes up the pipe, and returns the status. */
static int await_status(int fd, pid_t child)
{
	FILE *boot = fdopen(fd, "r");
	int byte, status = EOF;

	if (boot) {
		setlinebuf(stderr);
		while ((byte = getc(boot)) > '\0')
			putc(byte, stderr);
		if (byte == '\0')
			status = getc(boot);
	}
	waitpid(child, NULL, 0); /* from now on the daemon's parent is init */
	if (status != EOF)
		return status;
	log_error("the daemon died while it was starting");
	return STATUS_FAILURE;
}

static _Noreturn void give_up(int boot_fd, const char *what)
{
	log_error("%s: %s", what, reason(-errno));
	detach_done(boot_fd, STATUS_FAILURE);
	_exit(STATUS_FAILURE);
}

static void become_session_leader(int boot_fd)
{
	if (setsid() < 0)
		give_up(boot_fd, "setsid");
}

/* Only a session leader can acquire a terminal, and its child is none. */
static void leave_session(int boot_fd)
{
	pid_t child = fork();

	if (child < 0)
		give_up(boot_fd, "fork");
	if (child > 0)
		_exit(STATUS_OK);
}

static void leave_standard_descriptors(int boot_fd)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		give_up(boot_fd, "/dev/null");
	for (int standard = STDIN_FILENO; standard <= STDERR_FILENO; standard++)
		if (dup2(fd, standard) < 0)
			give_up(boot_fd, "/dev/null");
	close(fd);
}

static void leave_directory(int boot_fd)
{
	static const char *const left_behind[] = { "COLUMNS", "LINES", "OLDPWD", "PWD", "SSH_TTY",
		"TERM", NULL };

	if (chdir("/") < 0)
		give_up(boot_fd, "/");
	unset_all(left_behind);
}

int detach(int *boot_fd)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	fflush(NULL); /* or what is still in its buffers is printed twice */
	child = fork();
	if (child < 0) {
		int error = -errno;

		close(ends[0]);
		close(ends[1]);
		return error;
	}
	if (child > 0) {
		close(ends[1]);
		_exit(await_status(ends[0], child));
	}
	close(ends[0]);
	log_divert(ends[1]);
	become_session_leader(ends[1]);
	leave_session(ends[1]);
	leave_standard_descriptors(ends[1]);
	leave_directory(ends[1]);
	*boot_fd = ends[1];
	return 0;
}

void detach_done(int boot_fd, int status)
{
	const char end[] = { '\0', (char)status };

	log_divert(-1);
	/* Without an original process left there is nobody to tell. */
	(void)file_write_all(boot_fd, end, sizeof(end));
	close(boot_fd);
}
