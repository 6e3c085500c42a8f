#include "writer/target.h"

#include "base/clock.h"
#include "base/log.h"
#include "writer/socket_target.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODE_OF_NEW_FILES 0666 /* and the umask: a daemon's is 027 */

static int adopt(struct target *target, int fd)
{
	struct stat st;
	int r = fstat(fd, &st) < 0 ? -errno : S_ISDIR(st.st_mode) ? -EISDIR : 0;

	if (r < 0) {
		close(fd);
		return r;
	}
	if (target->fd >= 0)
		close(target->fd);
	target->fd = fd;
	target->device = st.st_dev;
	target->inode = st.st_ino;
	target->missing_since_ns = 0;
	target->stream = !S_ISREG(st.st_mode);
	target->socket = S_ISSOCK(st.st_mode);
	return 0;
}

/* Non-blocking, so that signals are answered while nobody reads; but O_NONBLOCK belongs to the open
 * file description, which we share with others, so a pipe or terminal is opened anew. */
static int adopt_stdout(struct target *target)
{
	struct stat st;
	int fd = -1, r;

	if (isatty(STDOUT_FILENO) || (fstat(STDOUT_FILENO, &st) == 0 && S_ISFIFO(st.st_mode)))
		fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	r = adopt(target, fd);
	target->stream = true;
	return r;
}

static bool is_fifo(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISFIFO(st.st_mode);
}

/* The other side has seen nothing of what another connection got. */
static int reconnect(struct target *target)
{
	int fd = socket_target_connect(target->path), r;

	if (fd < 0)
		return fd;
	r = adopt(target, fd);
	target->new_connection = true;
	return r;
}

int target_reopen(struct target *target)
{
	int fd;

	if (target->connects)
		return reconnect(target);

	if (strcmp(target->path, TARGET_STDOUT) == 0)
		return target->fd < 0 ? adopt_stdout(target) : 0;
	fd = open(target->path,
		(is_fifo(target->path) ? O_WRONLY : O_RDWR) | O_APPEND | O_CREAT | O_CLOEXEC |
			O_NOCTTY | O_NONBLOCK,
		MODE_OF_NEW_FILES);
	return fd < 0 ? -errno : adopt(target, fd);
}

int target_open(struct target *target, const char *path)
{
	int r;

	*target = (struct target){ .path = path, .fd = -1, .connects = socket_target_named(path) };
	r = target_reopen(target);
	if (target->connects) { /* who is not there may come */
		target->stream = true;
		return r < 0 && !target_may_recover(r) ? r : 0;
	}
	if (r < 0 && r != -ENXIO)
		return r;
	target->real_path = realpath(path, NULL);
	return 0;
}

const char *target_name(const struct target *target)
{
	return strcmp(target->path, TARGET_STDOUT) == 0 ? "standard output" : target->path;
}

void target_close(struct target *target)
{
	if (target->fd >= 0)
		close(target->fd);
	free(target->real_path);
	target->fd = -1;
	target->real_path = NULL;
}

/* A name that leads to nothing is made again after a second: whoever renamed the file may be about
 * to make the new one himself. A deleted file gets no more lines at all. */
static bool missing_for_good(struct target *target)
{
	struct stat st;
	uint64_t now = clock_monotonic_ns();

	if (fstat(target->fd, &st) == 0 && st.st_nlink == 0)
		return true;
	if (target->missing_since_ns == 0)
		target->missing_since_ns = now;
	return now - target->missing_since_ns >= NS_PER_S;
}

int target_look(struct target *target)
{
	struct stat st;

	if (target->fd < 0)
		return target_reopen(target);
	if (target->connects && socket_target_left(target->fd)) {
		target_drop_reader(target);
		return target_reopen(target);
	}
	if (target->connects || strcmp(target->path, TARGET_STDOUT) == 0)
		return 0;
	if (stat(target->path, &st) < 0)
		return errno != ENOENT || !missing_for_good(target) ? 0 : target_reopen(target);
	target->missing_since_ns = 0;
	if (st.st_dev == target->device && st.st_ino == target->inode)
		return 0;
	log_info("%s: was rotated, opening the new file", target->path);
	return target_reopen(target);
}

static DIR *open_directory_of(const char *path)
{
	char *copy = strdup(path), *slash = copy ? strrchr(copy, '/') : NULL;
	DIR *directory = NULL;

	if (slash) {
		slash[slash == copy] = '\0';
		directory = opendir(copy);
	}
	free(copy);
	return directory;
}

int target_open_rotated(const struct target *target, dev_t device, ino_t inode)
{
	DIR *directory = target->real_path ? open_directory_of(target->real_path) : NULL;
	struct dirent *entry;
	struct stat st;
	int fd = -1;

	while (directory && fd < 0 && (entry = readdir(directory))) {
		if (entry->d_ino != inode)
			continue;
		fd = openat(dirfd(directory), entry->d_name, O_RDWR | O_APPEND | O_CLOEXEC);
		if (fd >= 0 && (fstat(fd, &st) < 0 || st.st_dev != device)) {
			close(fd);
			fd = -1;
		}
	}
	if (directory)
		closedir(directory);
	return fd;
}

ssize_t target_put(const struct target *target, int fd, const char *data, size_t len)
{
	ssize_t n;

	do
		n = target->socket ? send(fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL)
				   : write(fd, data, len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

void target_drop_reader(struct target *target)
{
	if (target->fd < 0 || strcmp(target->path, TARGET_STDOUT) == 0)
		return;
	close(target->fd);
	target->fd = -1;
}

bool target_may_recover(int error)
{
	static const int passing[] = { ENOSPC, EDQUOT, EAGAIN, ENXIO, ECONNREFUSED, ECONNRESET,
		ENOTCONN, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH };

	for (size_t i = 0; i < sizeof(passing) / sizeof(*passing); i++)
		if (error == -passing[i])
			return true;
	return false;
}

void target_report(struct target *target, int error)
{
	if (error < 0 && !target->failing)
		log_error("%s: %s; going on when it can be written to again", target_name(target),
			error == -ENXIO ? "nobody reads this FIFO" : reason(error));
	if (error == 0 && target->failing)
		log_info("%s: can be written to again", target_name(target));
	target->failing = error < 0;
}
