/*
 * The content of an open log, plain or compressed (.gz .xz .zst .bz2 .lz4, see lines/unpack.h):
 * offsets are always of the uncompressed bytes.
 */
#ifndef LINES_CONTENT_H
#define LINES_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct content;

/* Opens a regular file; how to read it is told by the ending of its name. 0 or a negative errno;
 * -EINVAL when it is not a regular file. */
int content_open(const char *path, struct content **content);

/* As content_open(), but -ESTALE when the path leads to another file than this, or to none. */
int content_open_same(const char *path, dev_t device, ino_t inode, struct content **content);

/* Like pread(2): fewer bytes than `len` only where the content ends for now. A compressed file
 * that is cut or corrupt gives what comes before the damage, and then -EBADMSG. `content` is a
 * struct content, so that this is a place_reader. */
ssize_t content_read(void *content, void *buffer, size_t len, uint64_t offset);

/* fstat(2) of the file itself. */
int content_stat(const struct content *content, struct stat *st);

/* How many bytes content_read() gives in all: the whole of a compressed file is unpacked for that.
 * 0 or a negative errno. */
int content_length(struct content *content, uint64_t *size);

bool content_packed(const struct content *content);

/* Forgets a failure to unpack: the file has grown since. */
void content_retry(struct content *content);

/* Does any process hold the file open for writing? 1, 0, or a negative errno where that cannot be
 * told. By a read lease, see F_SETLEASE in fcntl(2), for which the file must be ours, or we have
 * CAP_LEASE. SIGIO must be ignored. */
int content_has_writer(const struct content *content);

void content_close(struct content *content);

#endif
