#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Magic numbers of statfs(2) that <linux/magic.h> does not name. */
#define CIFS_MAGIC 0xFF534D42
#define FUSE_MAGIC 0x65735546

ssize_t file_read_at(int fd, void *buffer, size_t len, off_t offset)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, (char *)buffer + done, len - done, offset + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int file_write_all(int fd, const void *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(fd, (const char *)data + done, len - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			done += (size_t)n;
	}
	return 0;
}

static int load_open(int fd, size_t cap, char **data, size_t *len)
{
	struct stat st;
	char *buffer;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if ((uint64_t)st.st_size > cap)
		return -EFBIG;
	buffer = malloc((size_t)st.st_size + 1);
	if (!buffer)
		return -ENOMEM;
	n = file_read_at(fd, buffer, (size_t)st.st_size, 0);
	if (n < 0) {
		free(buffer);
		return (int)n;
	}
	buffer[n] = '\0';
	*data = buffer;
	*len = (size_t)n;
	return 0;
}

int file_load_at(int dirfd, const char *path, size_t cap, char **data, size_t *len)
{
	/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
	int error, fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	error = load_open(fd, cap, data, len);
	close(fd);
	return error;
}

int file_load(const char *path, size_t cap, char **data, size_t *len)
{
	return file_load_at(AT_FDCWD, path, cap, data, len);
}

static int write_durably(int fd, const struct iovec *parts, int count)
{
	int error = 0;

	for (int i = 0; !error && i < count; i++)
		error = file_write_all(fd, parts[i].iov_base, parts[i].iov_len);
	if (!error && fsync(fd) < 0)
		error = -errno;
	return error;
}

int file_replace(int dirfd, const char *name, const struct iovec *parts, int count)
{
	char temporary[NAME_MAX + 1];
	int error, fd;

	if (snprintf(temporary, sizeof(temporary), "%s.tmp", name) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	fd = openat(dirfd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	error = write_durably(fd, parts, count);
	close(fd);
	if (!error && renameat(dirfd, temporary, dirfd, name) < 0)
		error = -errno;
	if (error) {
		unlinkat(dirfd, temporary, 0);
		return error;
	}
	return fsync(dirfd) < 0 ? -errno : 0;
}

int file_make_directories(const char *path, mode_t mode)
{
	char partial[PATH_MAX];
	struct stat st;

	if (snprintf(partial, sizeof(partial), "%s", path) >= (int)sizeof(partial))
		return -ENAMETOOLONG;
	for (char *slash = strchr(partial + 1, '/');; slash = strchr(slash + 1, '/')) {
		if (slash)
			*slash = '\0';
		if (mkdir(partial, mode) < 0 && errno != EEXIST)
			return -errno;
		if (!slash)
			break;
		*slash = '/';
	}
	if (stat(path, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

char *file_absolute(const char *path)
{
	char *directory, *absolute;

	if (path[0] == '/')
		return strdup(path);
	directory = get_current_dir_name();
	if (!directory)
		return NULL;
	if (asprintf(&absolute, "%s/%s", directory, path) < 0)
		absolute = NULL;
	free(directory);
	return absolute;
}

bool file_is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

int file_is_remote(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return -errno;
	switch ((uint32_t)fs.f_type) {
	case NFS_SUPER_MAGIC:
	case SMB_SUPER_MAGIC:
	case SMB2_SUPER_MAGIC:
	case CIFS_MAGIC:
	case AFS_SUPER_MAGIC:
	case CODA_SUPER_MAGIC:
	case V9FS_MAGIC:
	case CEPH_SUPER_MAGIC:
	case FUSE_MAGIC:
		return 1;
	default:
		return 0;
	}
}
