/* With a journal's socket of our own, in a mount namespace. */
#include "handler_driver.h"

#include <sys/socket.h>
#include <sys/un.h>

#define SOCKET "/run/systemd/journal/socket"

static void with_private_run(void)
{
	SKIP_WITHOUT_MOUNTS();
	assert_int_equal(mount("none", "/run", "tmpfs", 0, ""), 0);
}

static int open_journal(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SOCKET };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	unlink(SOCKET);
	assert_int_equal(file_make_directories("/run/systemd/journal", 0755), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void start(struct driver *driver, const char *const *options)
{
	driver_configure(driver, "journal", options);
	assert_int_equal(driver_open(driver, NULL, 0), 0);
	assert_int_equal(driver_commit(driver), LK_OK);
}

static void assert_entry(int fd, const char *const *fields)
{
	char entry[4096];
	ssize_t n = recv(fd, entry, sizeof(entry) - 1, MSG_DONTWAIT);

	assert_true(n > 0);
	entry[n] = '\0';
	for (; *fields; fields++) {
		if (!strstr(entry, *fields))
			fail_msg("no \"%s\" in:\n%s", *fields, entry);
	}
}

static void an_entry_says_where_its_line_came_from(void **state)
{
	static const char *const named[] = { "identifier=mine", NULL };
	static const char *const first[] = { "MESSAGE=one\n", "PRIORITY=6\n",
		"SYSLOG_IDENTIFIER=app\n", "LINEKEEPER_SECTION=app\n",
		"LINEKEEPER_PATH=/var/log/app.log\n", "LINEKEEPER_FILE_ID=file-1\n",
		"LINEKEEPER_OFFSET=0\n", NULL };
	static const char *const second[] = { "MESSAGE=two\n", "LINEKEEPER_OFFSET=4\n", NULL };
	static const char *const third[] = { "SYSLOG_IDENTIFIER=mine\n", NULL };
	struct driver driver;
	int fd;

	(void)state;
	with_private_run();
	fd = open_journal();
	start(&driver, NULL);
	assert_int_equal(driver_put(&driver, "one\ntwo\n"), LK_OK);
	driver_close(&driver);
	assert_entry(fd, first);
	assert_entry(fd, second);
	start(&driver, named);
	assert_int_equal(driver_put(&driver, "one\n"), LK_OK);
	driver_close(&driver);
	assert_entry(fd, third);
	close(fd);
}

static void a_missing_journal_is_waited_for(void **state)
{
	static const char *const fields[] = { "MESSAGE=one\n", NULL };
	struct driver driver;
	int fd;

	(void)state;
	with_private_run();
	unlink(SOCKET);
	start(&driver, NULL);
	assert_int_equal(driver_put(&driver, "one\n"), LK_LATER);
	assert_int_equal(driver_put(&driver, "one\n"), LK_LATER);
	assert_int_equal(driver.result.accepted, 0);
	assert_non_null(strstr(logged, "waiting for the journal"));
	assert_null(strstr(strstr(logged, "waiting") + 1, "waiting"));
	fd = open_journal();
	assert_int_equal(driver_put(&driver, "one\n"), LK_OK);
	assert_entry(fd, fields);
	assert_non_null(strstr(logged, "is back"));

	/* Its socket is there, but nobody listens. */
	close(fd);
	assert_int_equal(driver_put(&driver, "one\n"), LK_LATER);
	driver_close(&driver);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_says_where_its_line_came_from),
		cmocka_unit_test(a_missing_journal_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
