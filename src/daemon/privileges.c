#include "daemon/privileges.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_identity(uid_t uid, gid_t gid)
{
	uid_t real_uid, effective_uid, saved_uid;
	gid_t real_gid, effective_gid, saved_gid;

	return getresuid(&real_uid, &effective_uid, &saved_uid) == 0 &&
	       getresgid(&real_gid, &effective_gid, &saved_gid) == 0 && real_uid == uid &&
	       effective_uid == uid && saved_uid == uid && real_gid == gid &&
	       effective_gid == gid && saved_gid == gid;
}

static int find_group(const char *name, gid_t *gid, char *reason, size_t size)
{
	const struct group *group = getgrnam(name);

	if (!group) {
		snprintf(reason, size, "group \"%s\": no such group", name);
		return -EINVAL;
	}
	*gid = group->gr_gid;
	return 0;
}

static int find_user(const char *name, struct identity_change *change, char *reason, size_t size)
{
	const struct passwd *user = getpwnam(name);

	if (!user) {
		snprintf(reason, size, "user \"%s\": no such user", name);
		return -EINVAL;
	}
	*change = (struct identity_change){
		.uid = user->pw_uid,
		.gid = user->pw_gid,
		.user = strdup(name),
		.home = strdup(user->pw_dir),
	};
	if (change->user && change->home)
		return 0;
	privileges_free(change);
	snprintf(reason, size, "user \"%s\": out of memory", name);
	return -ENOMEM;
}

static int find_identity(const char *user, const char *group, struct identity_change *change,
	char *reason, size_t size)
{
	int error = find_user(user, change, reason, size);

	if (error == 0 && group)
		error = find_group(group, &change->gid, reason, size);
	if (error)
		return error;
	change->wanted = !is_identity(change->uid, change->gid);
	if (change->wanted && geteuid() != 0) {
		snprintf(reason, size, "user \"%s\": only root can become another user", user);
		return -EPERM;
	}
	return 0;
}

int privileges_find(const char *user, const char *group, struct identity_change *change,
	char *reason, size_t size)
{
	struct identity_change found = { 0 };
	int error;

	if (!user && group) {
		snprintf(reason, size, "group \"%s\": a group needs a user too", group);
		return -EINVAL;
	}
	error = user ? find_identity(user, group, &found, reason, size) : 0;
	if (error)
		privileges_free(&found);
	else
		*change = found;
	return error;
}

/* By descriptor: behind a name in a directory of others there may soon be another thing. */
static int give_away(const struct identity_change *change, const char *path, mode_t mode)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int error = 0;

	if (fd < 0)
		return -errno;
	if (fchmod(fd, mode) < 0 || (change->wanted && fchown(fd, change->uid, change->gid) < 0))
		error = -errno;
	close(fd);
	return error;
}

int privileges_make_directory(const struct identity_change *change, const char *path, mode_t mode)
{
	struct stat there;
	mode_t mask;
	int error;

	if (stat(path, &there) == 0)
		return S_ISDIR(there.st_mode) ? 0 : -ENOTDIR;
	mask = umask(022); /* the new owner must be able to pass the parents */
	error = file_make_directories(path, 0755);
	umask(mask);
	return error ? error : give_away(change, path, mode);
}

/* 0 if there is no way back, cf. permanently_set_uid() of OpenSSH. */
static int prove(const struct identity_change *change, uid_t old_uid, gid_t old_gid)
{
	if (change->uid != 0 && old_gid != change->gid &&
		(setgid(old_gid) == 0 || setegid(old_gid) == 0))
		return -EPERM;
	if (old_uid != change->uid && (setuid(old_uid) == 0 || seteuid(old_uid) == 0))
		return -EPERM;
	return is_identity(change->uid, change->gid) ? 0 : -EPERM;
}

int privileges_drop(const struct identity_change *change)
{
	uid_t old_uid = geteuid();
	gid_t old_gid = getegid();

	if (!change->wanted)
		return 0;
	if (initgroups(change->user, change->gid) < 0 ||
		setresgid(change->gid, change->gid, change->gid) < 0 ||
		setresuid(change->uid, change->uid, change->uid) < 0 ||
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || setenv("HOME", change->home, 1) < 0 ||
		setenv("LOGNAME", change->user, 1) < 0 || setenv("USER", change->user, 1) < 0)
		return -errno;
	return prove(change, old_uid, old_gid);
}

void privileges_free(struct identity_change *change)
{
	free(change->user);
	free(change->home);
	*change = (struct identity_change){ 0 };
}
