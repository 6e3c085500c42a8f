/*
 * Small text files that survive a crash: a first line with kind and version, the body, and a
 * checksum (XXH3, 64 bits) as the last line. Never written in place, mode 0600.
 * All return 0 or a negative errno, and log nothing.
 */
#ifndef BASE_STATE_H
#define BASE_STATE_H

/* Opens the directory, making it (0700) if need be. -EREMOTE: on a file system where
 * flock(2) cannot be relied on (NFS, SMB, ...). The descriptor, or a negative errno. */
int state_directory(const char *path);

/* Takes the lock file `name` for life; it is never renamed or removed. The descriptor, or
 * -EWOULDBLOCK while somebody else holds it, or a negative errno. */
int state_lock(int directory, const char *name);

/* `kind` names format and version, such as "linekeeper-tail 1". */
int state_save(int directory, const char *name, const char *kind, const char *body);

/* *body is the caller's to free. -ENOENT: none. -EBADMSG: damaged, or of another kind or
 * version. Left-over temporary files of a crash are removed. */
int state_load(int directory, const char *name, const char *kind, char **body);

/* The same for those who do not hold the lock: nothing is removed. */
int state_peek(int directory, const char *name, const char *kind, char **body);

/* Keeps a damaged file as `name`.damaged, for a look. */
int state_set_aside(int directory, const char *name);

#endif
