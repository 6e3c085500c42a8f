/*
 * The stream of bytes in a compressed file, from its start on: .gz by zlib, which gives every byte
 * before a damage and checks the sum at the end, .xz .zst .bz2 .lz4 by libarchive, which keeps back
 * up to 64 KiB before a damage.
 */
#ifndef LINES_UNPACK_H
#define LINES_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct unpack;

/* Does a file of this name get unpacked? */
bool unpack_name(const char *path);

/* Begins at the start of `fd`, which stays the caller's and is used until unpack_close(). `path`
 * tells the format. 0, -EBADMSG when it is no such stream (yet), or a negative errno. */
int unpack_open(const char *path, int fd, struct unpack **unpack);

/* The next bytes; fewer than `len` at the end or before a damage, then 0 or -EBADMSG. Another
 * negative errno (no memory, a bad disk) says nothing of the content: begin anew. */
ssize_t unpack_next(struct unpack *unpack, void *buffer, size_t len);

void unpack_close(struct unpack *unpack);

#endif
