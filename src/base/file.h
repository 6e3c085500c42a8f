/*
 * Whole reads and writes, and files replaced so that a crash leaves the old or the new one.
 * All return 0 (or a count) or a negative errno, and log nothing.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

/* pread(2) until `len` bytes or the end of file; the count. */
ssize_t file_read_at(int fd, void *buffer, size_t len, off_t offset);

/* write(2) until all is written. */
int file_write_all(int fd, const void *data, size_t len);

/* Reads a regular file of at most `cap` bytes; *data is NUL-terminated and the caller's to
 * free. -EISDIR, -EINVAL (not a regular file), -EFBIG, or what open(2) and read(2) say. */
int file_load_at(int dirfd, const char *path, size_t cap, char **data, size_t *len);
int file_load(const char *path, size_t cap, char **data, size_t *len);

/* Replaces `name` in `dirfd` (mode 0600) by these parts, one after the other: written beside it as
 * `name`.tmp, fsync, rename, fsync of the directory (see rename(2), fsync(2)). */
int file_replace(int dirfd, const char *name, const struct iovec *parts, int count);

/* Makes `path` a directory if nothing is there, its parents too, with this mode. */
int file_make_directories(const char *path, mode_t mode);

/* `path` made absolute by the working directory; the caller frees it. NULL: out of memory. */
char *file_absolute(const char *path);

/* Do both speak of the same file, by device and inode? */
bool file_is_same(const struct stat *a, const struct stat *b);

/* Is this on a network or user-space file system, where flock(2) and inotify(7) cannot be relied
 * on? 1, 0 or a negative errno. */
int file_is_remote(int fd);

#endif
