#include "daemon/daemon.h"

#include "base/clock.h"
#include "base/status.h"
#include "daemon/detach.h"
#include "daemon/pidfile.h"
#include "daemon/privileges.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define DYING_NS (300 * NS_PER_MS)

static int status_of(int error)
{
	if (error == 0)
		return STATUS_OK;
	return error == -EACCES || error == -EPERM ? STATUS_PERMISSION : STATUS_FAILURE;
}

/* The directory that an absolute path is in; the caller frees it. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

static int find_identity(const struct daemon_setup *setup, struct identity_change *identity)
{
	char why[256];
	int error = privileges_find(setup->user, setup->group, identity, why, sizeof(why));

	if (error == 0)
		return STATUS_OK;
	log_error("%s", why);
	return error == -EINVAL ? STATUS_CONFIG : status_of(error);
}

static int make_directory(const struct identity_change *identity, const char *path, mode_t mode)
{
	int error = privileges_make_directory(identity, path, mode);

	if (error)
		log_error("%s: cannot make this directory: %s", path, reason(error));
	return status_of(error);
}

/* A predecessor just killed (kill -9, and started again) holds its lock until it is gone. */
static int lock_patiently(struct pidfile *pidfile, const char *path, pid_t *other)
{
	uint64_t until = clock_monotonic_ns() + DYING_NS;
	int error;

	while ((error = pidfile_lock(pidfile, path, other)) == -EWOULDBLOCK &&
		clock_monotonic_ns() < until)
		usleep(10000);
	return error;
}

static int lock_pidfile(struct pidfile *pidfile, const char *path)
{
	pid_t other = 0;
	int error = lock_patiently(pidfile, path, &other);

	if (error == -EWOULDBLOCK && other > 0)
		log_error("already running with pid %d (%s)", (int)other, path);
	else if (error == -EWOULDBLOCK)
		log_error("already running (%s is locked)", path);
	else if (error)
		log_error("%s: %s", path, reason(error));
	return status_of(error);
}

/* As the one who has to work there. */
static int check_directory(const char *path)
{
	int error = access(path, W_OK | X_OK) < 0 ? -errno : 0;

	if (error)
		log_error("%s: not writable: %s", path, reason(error));
	return status_of(error);
}

/* What can fail while the terminal is still ours. */
static int prepare(const struct daemon_setup *setup, const char *run_directory,
	struct identity_change *identity, struct pidfile *pidfile)
{
	int status = find_identity(setup, identity);

	if (status == STATUS_OK)
		status = make_directory(identity, run_directory, 0755);
	if (status == STATUS_OK)
		status = lock_pidfile(pidfile, setup->pidfile);
	if (status == STATUS_OK)
		status = make_directory(identity, setup->state, 0700);
	return status;
}

static int leave_terminal(const struct daemon_setup *setup, const char *program, int *boot_fd)
{
	enum log_target log = setup->log;
	int error;

	if (log == LOG_TO_STDERR) {
		log_error(
			"log = \"stderr\": a daemon that detaches has none; allowed are \"auto\", "
			"\"syslog\", \"journal\", and \"stderr\" with -n");
		return STATUS_CONFIG;
	}
	error = detach(boot_fd);
	if (error) {
		log_error("cannot detach: %s", reason(error));
		return STATUS_FAILURE;
	}
	if (log == LOG_TO_AUTO)
		log = access(JOURNAL_SOCKET, F_OK) == 0 ? LOG_TO_JOURNAL : LOG_TO_SYSLOG;
	log_open(program, log);
	return STATUS_OK;
}

static int settle(const struct daemon_setup *setup, const char *run_directory,
	const struct identity_change *identity, struct pidfile *pidfile)
{
	int error = pidfile_write(pidfile);
	int status;

	if (error) {
		log_error("%s: %s", pidfile->path, reason(error));
		return status_of(error);
	}
	error = privileges_drop(identity);
	if (error) {
		log_error("cannot become user \"%s\": %s", setup->user, reason(error));
		return STATUS_PERMISSION;
	}
	status = check_directory(setup->state);
	return status == STATUS_OK ? check_directory(run_directory) : status;
}

/* Without it the daemon runs as well, only unseen. */
static void create_stats(struct stats *stats, const struct daemon_setup *setup, const char *program)
{
	char *path = stats_path(setup->pidfile);
	int error = path ? stats_create(stats, path, program, setup->state) : -ENOMEM;

	if (error)
		log_warning("%s: %s", path ? path : setup->pidfile, reason(error));
	free(path);
}

/* With privileges dropped. */
static int supervise_seen(const struct daemon_setup *setup, const struct supervised *supervised,
	struct section_list *first, struct pidfile *pidfile, int *boot_fd)
{
	struct stats stats = { .fd = -1 };
	char *state =
		strdup(setup->state); /* that may be of the configuration, which is replaced */
	int status = STATUS_FAILURE;

	create_stats(&stats, setup, supervised->program);
	if (state)
		status = supervise(supervised, first, pidfile, state, &stats, boot_fd);
	else
		log_error("%s", reason(-ENOMEM));
	stats_remove(&stats);
	free(state);
	return status;
}

/* The whole life but for what has to be cleared away after it. */
static int live(const struct daemon_setup *setup, const struct supervised *supervised,
	struct section_list *first, struct pidfile *pidfile, int *boot_fd)
{
	char *run_directory = directory_of(setup->pidfile);
	bool activated = sd_listen_fds(0) > 0;
	struct identity_change identity = { 0 };
	int status = run_directory ? STATUS_OK : STATUS_FAILURE;

	if (status == STATUS_OK)
		status = prepare(setup, run_directory, &identity, pidfile);
	if (status == STATUS_OK && !setup->foreground && !activated)
		status = leave_terminal(setup, supervised->program, boot_fd);
	else if (status == STATUS_OK)
		log_open(supervised->program, setup->log);
	if (status == STATUS_OK)
		status = settle(setup, run_directory, &identity, pidfile);
	privileges_free(&identity);
	free(run_directory);
	if (status == STATUS_OK)
		return supervise_seen(setup, supervised, first, pidfile, boot_fd);
	supervised->release(supervised->context, first);
	return status;
}

int daemon_run(const struct daemon_setup *setup, const struct supervised *supervised,
	struct section_list *first)
{
	struct pidfile pidfile = { .fd = -1 };
	int boot_fd = -1;
	int status;

	/* Logs are for the group at most; whoever started us may have been stricter. */
	umask(umask(077) | 027);
	signal(SIGPIPE, SIG_IGN); /* the journal may be restarted, a handler may die */
	detach_close_inherited();
	status = live(setup, supervised, first, &pidfile, &boot_fd);
	pidfile_remove(&pidfile);
	if (boot_fd >= 0) /* stopped before it was up */
		detach_done(boot_fd, status == STATUS_OK ? STATUS_FAILURE : status);
	return status;
}
