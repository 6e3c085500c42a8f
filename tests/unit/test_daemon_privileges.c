#include "daemon/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char why[256];

static int find(const char *user, const char *group, struct identity_change *change)
{
	why[0] = '\0';
	return privileges_find(user, group, change, why, sizeof(why));
}

static void need_root(void)
{
	if (geteuid() == 0)
		return;
	print_message("skipped: only root can become another user\n");
	skip();
}

/* The status of `body`, which runs in a child and ends as another user. */
static int in_child(int (*body)(void))
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		_exit(body());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_nobody_else_is_wanted(void **state)
{
	struct identity_change change = { .wanted = 1 };
	const struct passwd *me = getpwuid(geteuid());

	(void)state;
	assert_int_equal(find(NULL, NULL, &change), 0);
	assert_int_equal(change.wanted, 0);
	assert_int_equal(privileges_drop(&change), 0);
	assert_non_null(me);
	assert_int_equal(find(me->pw_name, NULL, &change), 0);
	assert_int_equal(change.wanted, 0);
	privileges_free(&change);
}

static void test_unknown_names_are_told(void **state)
{
	struct identity_change change = { .wanted = 7 };

	(void)state;
	assert_int_equal(find("no-such-user", NULL, &change), -EINVAL);
	assert_string_equal(why, "user \"no-such-user\": no such user");
	assert_int_equal(find("daemon", "no-such-group", &change), -EINVAL);
	assert_string_equal(why, "group \"no-such-group\": no such group");
	assert_int_equal(find(NULL, "daemon", &change), -EINVAL);
	assert_string_equal(why, "group \"daemon\": a group needs a user too");
	assert_int_equal(change.wanted, 7);
}

static int look_around(const struct identity_change *change)
{
	struct identity_change back;
	gid_t groups[64];

	if (getuid() != change->uid || geteuid() != change->uid || getegid() != change->gid)
		return 2;
	if (change->gid != getgrnam("adm")->gr_gid)
		return 3;
	for (int i = 0, count = getgroups(64, groups); i < count; i++)
		if (groups[i] == 0)
			return 4;
	if (seteuid(0) == 0 || setegid(0) == 0)
		return 5;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 6;
	if (strcmp(getenv("USER"), "daemon") != 0 || strcmp(getenv("HOME"), change->home) != 0)
		return 7;
	return find("nobody", NULL, &back) == -EPERM ? 0 : 8;
}

static int become_daemon_and_look(void)
{
	struct identity_change change;
	int status = 1;

	if (find("daemon", "adm", &change) == 0 && privileges_drop(&change) == 0)
		status = look_around(&change);
	privileges_free(&change);
	return status;
}

static void test_dropped_for_good(void **state)
{
	(void)state;
	need_root();
	assert_int_equal(in_child(become_daemon_and_look), 0);
}

static void test_directories_are_given_away(void **state)
{
	char top[] = "/tmp/privileges.XXXXXX", parent[64], path[80];
	struct identity_change change;
	struct stat st;

	(void)state;
	need_root();
	assert_non_null(mkdtemp(top));
	snprintf(parent, sizeof(parent), "%s/parent", top);
	snprintf(path, sizeof(path), "%s/state", parent);
	assert_int_equal(find("daemon", NULL, &change), 0);
	umask(077);
	assert_int_equal(privileges_make_directory(&change, path, 0750), 0);
	assert_int_equal(umask(077), 077);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, change.uid);
	assert_int_equal(st.st_gid, change.gid);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(stat(parent, &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(chown(path, 0, 0), 0);
	assert_int_equal(privileges_make_directory(&change, path, 0700), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, 0); /* what was there is left as it was */
	assert_int_equal(privileges_make_directory(&change, "/dev/null", 0700), -ENOTDIR);
	privileges_free(&change);
	rmdir(path);
	rmdir(parent);
	rmdir(top);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_else_is_wanted),
		cmocka_unit_test(test_unknown_names_are_told),
		cmocka_unit_test(test_dropped_for_good),
		cmocka_unit_test(test_directories_are_given_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
