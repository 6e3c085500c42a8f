/*
 * Where lines go: a file that is only ever appended to, a FIFO, a socket, or standard output.
 * What happens to it is logged here; all functions return 0 or a negative errno.
 */
#ifndef WRITER_TARGET_H
#define WRITER_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define TARGET_STDOUT "-"

struct target {
	const char *path;
	char *real_path; /* symbolic links followed; NULL: it has none */
	int fd;          /* -1: a FIFO that nobody reads */
	bool stream;     /* not a regular file: what is written cannot be looked at again */
	bool socket;
	bool connects;       /* a socket that we connect to */
	bool new_connection; /* and nothing was written to it yet */
	bool failing;        /* and said so */
	dev_t device;
	ino_t inode;
	uint64_t missing_since_ns; /* nothing is at the path any more; 0: it is there */
};

/* Opens `path` (which must outlive the target) for appending, making it if need be. A FIFO that
 * nobody reads is no error here: target_look() tries it again. */
int target_open(struct target *target, const char *path);

/* For messages. */
const char *target_name(const struct target *target);

/* Opens the path by name again. If that fails, the old file is kept. */
int target_reopen(struct target *target);

/* Does so if another file is at the path now, or none. */
int target_look(struct target *target);

/* The file that once was the target, under the name a rotation gave it: a descriptor for reading
 * and appending, or -1. */
int target_open_rotated(const struct target *target, dev_t device, ino_t inode);

/* write(2) to `fd`, which is the target's or a rotated one. The count, or a negative errno. */
ssize_t target_put(const struct target *target, int fd, const char *data, size_t len);

/* Nobody reads it any more: the next target_look() looks for another reader. */
void target_drop_reader(struct target *target);

/* Does the failure pass by itself, so that even an ad-hoc run waits for its end? */
bool target_may_recover(int error);

/* Logs the beginning and the end (error 0) of a failure, once each. */
void target_report(struct target *target, int error);

void target_close(struct target *target);

#endif
