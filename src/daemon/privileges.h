/*
 * Giving up root for good. Privileges only ever shrink: after the change the old ones are
 * tried, and getting them back is an error.
 */
#ifndef DAEMON_PRIVILEGES_H
#define DAEMON_PRIVILEGES_H

#include <stddef.h>
#include <sys/types.h>

struct identity_change {
	uid_t uid;
	gid_t gid;
	char *user; /* name, for initgroups(3) */
	char *home;
	int wanted; /* 0: stay who we are */
};

/* Looks the names up (`group` NULL: the user's own). 0, or a negative errno with the reason;
 * wanted is 0 when `user` is NULL or already who we are. -EPERM when not root; -EINVAL for an
 * unknown name, or a group without a user. */
int privileges_find(const char *user, const char *group, struct identity_change *change,
	char *reason, size_t size);

/* Makes `path` a directory of the new owner with this mode, if nothing is there; its parents
 * (0755) remain ours. */
int privileges_make_directory(const struct identity_change *change, const char *path, mode_t mode);

/* initgroups, setresgid, setresuid, PR_SET_NO_NEW_PRIVS, the proof, and HOME, LOGNAME and USER
 * of the new owner. Negative errno: die. */
int privileges_drop(const struct identity_change *change);

void privileges_free(struct identity_change *change);

#endif
