#include "daemon/pidfile.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PID_TEXT 32

static pid_t read_pid(int fd)
{
	char text[PID_TEXT] = "";
	long pid;

	if (file_read_at(fd, text, sizeof(text) - 1, 0) <= 0)
		return 0;
	pid = strtol(text, NULL, 10);
	return pid > 0 && pid <= INT_MAX ? (pid_t)pid : 0;
}

static bool leads_to(const char *path, int fd)
{
	struct stat named, held;

	return lstat(path, &named) == 0 && fstat(fd, &held) == 0 && named.st_dev == held.st_dev &&
	       named.st_ino == held.st_ino;
}

/* A second name could be anybody's file, about to be overwritten with root's rights. */
static int check_kind(int fd)
{
	struct stat held;

	if (fstat(fd, &held) < 0)
		return -errno;
	return S_ISREG(held.st_mode) && held.st_nlink <= 1 ? 0 : -EINVAL;
}

/* The locked descriptor, or a negative errno. */
static int open_locked(const char *path, pid_t *other)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	int error;

	if (fd < 0)
		return -errno;
	error = check_kind(fd);
	if (error == 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
		error = -errno;
	if (error == -EWOULDBLOCK)
		*other = read_pid(fd);
	if (error == 0)
		return fd;
	close(fd);
	return error;
}

int pidfile_lock(struct pidfile *pidfile, const char *path, pid_t *other)
{
	int fd, error = 0;
	char *copy;

	for (;;) {
		fd = open_locked(path, other);
		if (fd < 0)
			return fd;
		if (leads_to(path, fd))
			break;
		close(fd); /* its holder removed it between open(2) and flock(2) */
	}
	copy = strdup(path);
	if (!copy)
		error = -ENOMEM;
	else if (ftruncate(fd, 0) < 0) /* nobody may be told the pid of the one before */
		error = -errno;
	if (error) {
		free(copy);
		close(fd);
		return error;
	}
	pidfile->path = copy;
	pidfile->fd = fd;
	return 0;
}

int pidfile_write(struct pidfile *pidfile)
{
	char text[PID_TEXT];
	int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	if (fchmod(pidfile->fd, 0644) < 0)
		return -errno;
	return file_write_all(pidfile->fd, text, (size_t)len);
}

void pidfile_disown(struct pidfile *pidfile)
{
	if (pidfile->fd < 0)
		return;
	close(pidfile->fd);
	free(pidfile->path);
	pidfile->path = NULL;
	pidfile->fd = -1;
}

void pidfile_remove(struct pidfile *pidfile)
{
	if (pidfile->fd < 0)
		return;
	/* Not somebody else's, who found ours deleted and made a new one. */
	if (!leads_to(pidfile->path, pidfile->fd) || unlink(pidfile->path) < 0)
		(void)!ftruncate(pidfile->fd, 0);
	pidfile_disown(pidfile);
}
