/*
 * The pidfile: locked for life with flock(2), which, unlike fcntl(2) locks, survives a fork.
 * The protocol is that of FreeBSD's pidfile(3): open, lock, look whether the name still
 * leads to the locked inode, write after the last fork, unlink only while holding the lock.
 */
#ifndef DAEMON_PIDFILE_H
#define DAEMON_PIDFILE_H

#include <sys/types.h>

struct pidfile {
	char *path;
	int fd; /* -1: none held */
};

/* Locks `path` (absolute), creating it; one left by a dead process is emptied and taken over.
 * -EWOULDBLOCK with *other set to the pid it names (0 if unknown) while another process holds
 * it; -EINVAL: not a regular file of one name; else a negative errno. */
int pidfile_lock(struct pidfile *pidfile, const char *path, pid_t *other);

/* Writes the pid of this process; everybody may read it. */
int pidfile_write(struct pidfile *pidfile);

/* In a forked worker: gives up the descriptor without unlocking or unlinking. */
void pidfile_disown(struct pidfile *pidfile);

/* Unlinks and unlocks. Where the directory does not allow that, an empty file stays. */
void pidfile_remove(struct pidfile *pidfile);

#endif
