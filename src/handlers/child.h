/*
 * A command run by a handler: a process group of its own, signals and their mask as at login,
 * and killed when the worker dies (PR_SET_PDEATHSIG); with the usual limit of 1024 descriptors,
 * which it may raise.
 */
#ifndef HANDLERS_CHILD_H
#define HANDLERS_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct child {
	pid_t pid;
	int pidfd; /* readable when the child has ended, see pidfd_open(2); -1 before Linux 5.3 */
};

/* Descriptor `from` of ours is `to` in the child. */
struct child_fd {
	int from, to;
};

struct child_setup {
	char *const *command;       /* command[0] is a path; NULL at the end */
	const char *directory;      /* to run in, NULL: ours */
	const struct child_fd *fds; /* beside these the child gets 0, 1 and 2 only */
	size_t fd_count;
};

/* 0 once the command's own code runs; a negative errno of whatever step failed. */
int child_start(struct child *child, const struct child_setup *setup);

/* Has it ended, within this time? It stays a zombie, its process group with it. */
bool child_ended(const struct child *child, int timeout_ms);

/* "exited with status 3", "killed by signal 9 (Killed)"; *success: status 0. After the end. */
void child_outcome(const struct child *child, bool *success, char *text, size_t size);

/* Gives it `grace_ms` to end by itself, then SIGTERM and SIGKILL to the group; frees. */
void child_stop(struct child *child, int grace_ms);

#endif
