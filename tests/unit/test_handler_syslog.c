#include "handler_driver.h"

#include <sys/socket.h>
#include <sys/un.h>

static char socket_option[128];

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	unlink(path);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void start(struct driver *driver)
{
	const char *options[] = { socket_option, "facility=local3", "level=warning", NULL };

	snprintf(socket_option, sizeof(socket_option), "socket=%s", here("log"));
	driver_configure(driver, "syslog", options);
	assert_int_equal(driver_open(driver, NULL, 0), 0);
	assert_int_equal(driver_commit(driver), LK_OK);
}

/* What follows "<PRI>Mmm dd hh:mm:ss " in the next datagram. */
static const char *next_message(int fd, const char *priority)
{
	static char text[4096];
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
	int stamp = 0;

	assert_true(n > 0);
	text[n] = '\0';
	assert_memory_equal(text, priority, strlen(priority));
	sscanf(text + strlen(priority), "%*3[A-Z a-z] %*2[ 0-9] %*2d:%*2d:%*2d %n", &stamp);
	assert_int_equal(stamp, strlen("Nov 22 10:03:07 "));
	return text + strlen(priority) + stamp;
}

static void a_line_is_a_datagram(void **state)
{
	struct driver driver;
	int fd = listen_at(here("log"));

	(void)state;
	start(&driver);
	assert_int_equal(driver_put(&driver, "one\n\ntwo"), LK_OK);
	assert_string_equal(next_message(fd, "<156>"), "app: one");
	assert_string_equal(next_message(fd, "<156>"), "app: ");
	assert_string_equal(next_message(fd, "<156>"), "app: two");
	driver_close(&driver);
	close(fd);
}

static void a_missing_logger_is_waited_for(void **state)
{
	struct driver driver;
	int fd;

	(void)state;
	start(&driver);
	assert_int_equal(driver_put(&driver, "one\n"), LK_LATER);
	assert_int_equal(driver_put(&driver, "one\n"), LK_LATER);
	assert_int_equal(driver.result.accepted, 0);
	assert_non_null(strstr(logged, "waiting for the system logger"));
	assert_null(strstr(strstr(logged, "waiting") + 1, "waiting"));
	fd = listen_at(here("log"));
	assert_int_equal(driver_put(&driver, "one\n"), LK_OK);
	assert_non_null(strstr(logged, "is back"));
	assert_string_equal(next_message(fd, "<156>"), "app: one");

	/* Restarted at the same name. */
	close(fd);
	assert_int_equal(driver_put(&driver, "two\n"), LK_LATER);
	fd = listen_at(here("log"));
	assert_int_equal(driver_put(&driver, "two\n"), LK_OK);
	assert_string_equal(next_message(fd, "<156>"), "app: two");
	driver_close(&driver);
	close(fd);
}

static void a_busy_logger_loses_nothing(void **state)
{
	struct driver driver;
	char *text = numbered_lines(1000);
	size_t taken = 0, received = 0;
	unsigned laters = 0;
	int fd = listen_at(here("log"));

	(void)state;
	start(&driver);
	while (taken < 1000) {
		enum lk_verdict verdict = driver_put(&driver, text + 11 * taken);
		char expected[32];

		laters += verdict == LK_LATER;
		taken += verdict == LK_OK ? 1000 - taken : driver.result.accepted;
		snprintf(expected, sizeof(expected), "app: line %05zu", received++);
		assert_string_equal(next_message(fd, "<156>"), expected);
	}
	assert_true(laters > 0);
	for (; received < 1000; received++)
		next_message(fd, "<156>");
	assert_int_equal(recv(fd, text, 1, MSG_DONTWAIT), -1);
	driver_close(&driver);
	close(fd);
	free(text);
}

static void a_line_too_long_for_a_datagram_is_bad(void **state)
{
	struct driver driver;
	enum { LONG = 4 << 20 };
	char *text = malloc(LONG);
	int fd = listen_at(here("log"));

	(void)state;
	memset(text, 'x', LONG);
	memcpy(text, "short\n", 6);
	start(&driver);
	assert_int_equal(driver_put_once(&driver, text, LONG), LK_BAD);
	assert_int_equal(driver.result.accepted, 1);
	assert_non_null(strstr(driver.result.reason, "Message too long"));
	driver_close(&driver);
	close(fd);
	free(text);
}

static void bad_settings_are_refused_with_the_reason(void **state)
{
	static const struct {
		const char *options[2], *reason;
	} bad[] = {
		{ { "facility=x", NULL }, "facility \"x\"" },
		{ { "level=loud", NULL }, "level \"loud\"" },
		{ { "socket=log", NULL }, "not an absolute path" },
		{ { "path=/x", NULL }, "no such option" },
	};
	struct driver driver;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		driver_configure(&driver, "syslog", bad[i].options);
		assert_true(driver_check(&driver) < 0);
		assert_non_null(strstr(driver.reason, bad[i].reason));
	}
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, enter_directory, leave_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(a_line_is_a_datagram),
		IN_DIRECTORY(a_missing_logger_is_waited_for),
		IN_DIRECTORY(a_busy_logger_loses_nothing),
		IN_DIRECTORY(a_line_too_long_for_a_datagram_is_bad),
		IN_DIRECTORY(bad_settings_are_refused_with_the_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
