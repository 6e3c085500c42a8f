#include "lines/siblings.h"

#include "room.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

/* Made one after the other, so that the times do not follow the names. */
static void make(const char *const *names)
{
	for (; *names; names++)
		put(*names, "x\n");
}

static void set_mtime(const char *name, time_t seconds)
{
	const struct timespec times[2] = { { seconds, 0 }, { seconds, 0 } };

	assert_int_equal(utimensat(AT_FDCWD, name, times, 0), 0);
}

static const char *without_dot(const char *path)
{
	return strncmp(path, "./", 2) == 0 ? path + 2 : path;
}

/* Of ./LIVE; `expected` are names, oldest first. */
static void assert_siblings(
	const char *live, const char *const *patterns, const char *const *expected)
{
	struct listing listing = { 0 };
	struct siblings siblings;
	char path[64];
	size_t i;

	snprintf(path, sizeof(path), "./%s", live);
	assert_int_equal(siblings_list(path, (char *const *)patterns, &listing, &siblings), 0);
	for (i = 0; i < siblings.count && expected[i]; i++)
		assert_string_equal(without_dot(siblings.list[i].path), expected[i]);
	if (i < siblings.count)
		fail_msg("%s is none", siblings.list[i].path);
	if (expected[i])
		fail_msg("%s is missing", expected[i]);
	siblings_free(&siblings);
	assert_int_equal(siblings.count, 0);
	listing_free(&listing);
}

#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NONE ((const char *const[]){ NULL })

static void test_numbers_by_value(void **state)
{
	(void)state;
	make(NAMES("log", "log.2", "log.10", "log.1", "log.9.gz", "log.100"));
	assert_siblings("log", NULL, NAMES("log.100", "log.10", "log.9.gz", "log.2", "log.1"));
}

static void test_dates_by_name_not_by_mtime(void **state)
{
	(void)state;
	make(NAMES("log-20260103", "log-20260101.gz", "log-20260102", "log-20251231", "log"));
	assert_siblings("log", NULL,
		NAMES("log-20251231", "log-20260101.gz", "log-20260102", "log-20260103"));
}

static void test_dates_with_times(void **state)
{
	(void)state;
	make(NAMES("log-2026-01-01_10:00", "log-2026-01-01_09:59", "log-2025-12-31_23:00",
		"log-2026-01-01T11:00"));
	assert_siblings("log", NULL,
		NAMES("log-2025-12-31_23:00", "log-2026-01-01_09:59", "log-2026-01-01_10:00",
			"log-2026-01-01T11:00"));
}

static void test_epochs(void **state)
{
	(void)state;
	make(NAMES("log-1767225700", "log-1767225600", "log.1767225650.gz"));
	assert_siblings(
		"log", NULL, NAMES("log-1767225600", "log.1767225650.gz", "log-1767225700"));
}

static void test_counters_behind_a_date(void **state)
{
	(void)state;
	make(NAMES("app.log", "app-2026-01-02-10.log", "app-2026-01-02-9.log.gz",
		"app-2026-01-01-11.log", "app-2.log"));
	assert_siblings("app.log", NULL,
		NAMES("app-2026-01-01-11.log", "app-2026-01-02-9.log.gz", "app-2026-01-02-10.log"));
}

/* As lumberjack for Go names them. */
static void test_fractions_of_a_second(void **state)
{
	(void)state;
	make(NAMES("app.log", "app-2026-01-02T10-00-00.250.log",
		"app-2026-01-02T10-00-00.007.log.gz", "app-2026-01-01T23-00-00.000.log.gz"));
	set_mtime("app-2026-01-02T10-00-00.250.log", 1000);
	assert_siblings("app.log", NULL,
		NAMES("app-2026-01-01T23-00-00.000.log.gz", "app-2026-01-02T10-00-00.007.log.gz",
			"app-2026-01-02T10-00-00.250.log"));
}

static void test_marks_before_the_extension(void **state)
{
	(void)state;
	make(NAMES("app.log", "app-20260102.log", "app-20260101.log.xz", "app.log-20260103"));
	assert_siblings("app.log", NULL,
		NAMES("app-20260101.log.xz", "app-20260102.log", "app.log-20260103"));
}

static void test_numbers_before_the_extension(void **state)
{
	(void)state;
	make(NAMES("app.log", "app.1.log", "app.2.log", "app.10.log.gz"));
	assert_siblings("app.log", NULL, NAMES("app.10.log.gz", "app.2.log", "app.1.log"));
}

/* The same number in two forms: their times decide. */
static void test_equal_numbers_by_mtime(void **state)
{
	(void)state;
	make(NAMES("app.1.log", "app.log.1"));
	set_mtime("app.1.log", 2000);
	set_mtime("app.log.1", 1000);
	assert_siblings("app.log", NULL, NAMES("app.log.1", "app.1.log"));
	set_mtime("app.log.1", 3000);
	assert_siblings("app.log", NULL, NAMES("app.1.log", "app.log.1"));
}

/* After the admin went from numbers to dates. */
static void test_dates_among_numbers_leave_the_numbers_in_order(void **state)
{
	struct listing listing = { 0 };
	struct siblings siblings;
	int last = 6;

	(void)state;
	make(NAMES("log.5", "log.4", "log.3", "log.2", "log.1", "log-20260101", "log-20260102"));
	for (int i = 1; i <= 5; i++) {
		char name[8];

		snprintf(name, sizeof(name), "log.%d", i);
		set_mtime(name, 1000 * i); /* copied back from a backup: their times lie */
	}
	set_mtime("log-20260101", 2500);
	set_mtime("log-20260102", 3500);
	assert_int_equal(siblings_list("./log", NULL, &listing, &siblings), 0);
	assert_int_equal(siblings.count, 7);
	for (size_t i = 0; i < siblings.count; i++) {
		int number = 0;

		if (sscanf(siblings.list[i].path, "./log.%d", &number) != 1)
			continue;
		assert_int_equal(number, last - 1);
		last = number;
	}
	siblings_free(&siblings);
	listing_free(&listing);
}

static void test_the_plain_twin_is_preferred(void **state)
{
	(void)state;
	make(NAMES("log.1", "log.1.gz", "log.2.gz", "log-20260101.zst", "log-20260101"));
	set_mtime("log-20260101", 1000);
	set_mtime("log.1", 3000);
	set_mtime("log.2.gz", 2000);
	assert_siblings("log", NULL, NAMES("log-20260101", "log.2.gz", "log.1"));
}

static void test_strangers_stay_out(void **state)
{
	(void)state;
	make(NAMES("log", "log.bak", "log~", "log1", "logx.1", "log.1.tmp", "log.1~", "log-",
		"log.", "log.x1", "log.1x", "other.1", "xlog.1", "log.gz", "log..1", ".log.1"));
	assert_siblings("log", NULL, NONE);
}

static void test_only_regular_files(void **state)
{
	(void)state;
	assert_int_equal(mkdir("log.1", 0700), 0);
	assert_int_equal(mkfifo("log.2", 0600), 0);
	assert_int_equal(symlink("nowhere", "log.3"), 0);
	make(NAMES("log.4"));
	assert_siblings("log", NULL, NAMES("log.4"));
}

static void test_a_live_name_with_wildcards_is_taken_literally(void **state)
{
	(void)state;
	make(NAMES("l[o]g*", "l[o]g*.1", "log.1", "l[o]gg.1"));
	assert_siblings("l[o]g*", NULL, NAMES("l[o]g*.1"));
}

/* One listing for many looks: what comes and goes between them is seen. */
static void test_a_listing_is_never_stale(void **state)
{
	struct listing listing = { 0 };

	(void)state;
	for (int i = 1; i <= 50; i++) {
		struct siblings siblings;
		char name[16];

		snprintf(name, sizeof(name), "log.%d", i);
		put(name, "x\n");
		assert_int_equal(siblings_list("./log", NULL, &listing, &siblings), 0);
		assert_int_equal(siblings.count, i);
		assert_string_equal(without_dot(siblings.list[0].path), name);
		siblings_free(&siblings);
	}
	listing_free(&listing);
}

/* A listing serves all logs of its directory, and other directories of the same age after it. */
static void test_a_listing_for_several_logs(void **state)
{
	static const char *const expected[][2] = { { "./log", "./log.1" },
		{ "./a/log", "./a/log.2" }, { "./b/log", "./b/log.3" }, { "./log", "./log.1" },
		{ "./log2", "./log2.4" }, { "./log2", "./log2.4" } };
	struct listing listing = { 0 };

	(void)state;
	assert_int_equal(mkdir("a", 0700), 0);
	assert_int_equal(mkdir("b", 0700), 0);
	make(NAMES("log.1", "a/log.2", "b/log.3", "log2.4", "log20.1"));
	set_mtime(".", 1000);
	set_mtime("a", 1000);
	set_mtime("b", 1000);
	for (size_t i = 0; i < 6; i++) {
		struct siblings siblings;

		assert_int_equal(siblings_list(expected[i][0], NULL, &listing, &siblings), 0);
		assert_int_equal(siblings.count, 1);
		assert_string_equal(siblings.list[0].path, expected[i][1]);
		siblings_free(&siblings);
	}
	listing_free(&listing);
}

/* As long as the test runs: four files, of which one at a time has another name. */
static void cascade(pid_t test)
{
	static const char *const names[] = { "spare", "log.4", "log.3", "log.2", "log.1", "spare" };

	for (unsigned turn = 0; getppid() == test; turn++) {
		for (size_t i = 0; i < 5; i++)
			rename(names[i + 1], names[i]);
		usleep(turn % 20 * 500); /* long enough for a slow machine, too */
	}
}

static void assert_distinct(const struct siblings *siblings)
{
	for (size_t i = 0; i < siblings->count; i++)
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(
				siblings->list[i].st.st_ino, siblings->list[j].st.st_ino);
}

static void test_renamed_while_listed_none_is_missed_or_found_twice(void **state)
{
	struct listing listing = { 0 };
	pid_t test = getpid(), child;

	(void)state;
	make(NAMES("log.4", "log.3", "log.2", "log.1"));
	child = fork();
	assert_return_code(child, errno);
	if (child == 0) {
		cascade(test);
		_exit(0);
	}
	for (int listed = 0; listed < 3000;) {
		struct siblings siblings;
		int error = siblings_list("./log", NULL, &listing, &siblings);

		if (error == -ESTALE)
			continue;
		assert_int_equal(error, 0);
		assert_in_range(siblings.count, 3, 4);
		assert_distinct(&siblings);
		siblings_free(&siblings);
		listed++;
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	listing_free(&listing);
}

static void test_no_directory_no_siblings(void **state)
{
	(void)state;
	assert_siblings("missing/log", NULL, NONE);
	assert_siblings("missing/log", NAMES("./missing/*"), NONE);
}

static void test_own_patterns_replace_the_default(void **state)
{
	(void)state;
	assert_int_equal(mkdir("old", 0700), 0);
	make(NAMES("log", "log.1", "old/log.2", "old/log.1", "old/log"));
	assert_siblings("log", NAMES("./old/log.*"), NAMES("old/log.2", "old/log.1"));
	assert_siblings("log", NAMES("./log.*", "./old/log.2"), NAMES("old/log.2", "log.1"));
}

/* Without a mark in the name the times decide. */
static void test_own_patterns_by_mtime(void **state)
{
	(void)state;
	make(NAMES("log.old", "log.older", "log.save", "log"));
	set_mtime("log.older", 1000);
	set_mtime("log.old", 2000);
	set_mtime("log.save", 3000);
	assert_siblings("log", NAMES("./log.*"), NAMES("log.older", "log.old", "log.save"));
}

static void test_one_pattern_for_several_logs(void **state)
{
	(void)state;
	assert_int_equal(mkdir("old", 0700), 0);
	make(NAMES("old/app.log.1", "old/application.log.1", "old/db.log.1"));
	assert_siblings("app.log", NAMES("./old/*.1"), NAMES("old/app.log.1"));
	assert_siblings("db.log", NAMES("./old/*.1"), NAMES("old/db.log.1"));
}

static void test_the_live_log_is_not_its_own_sibling(void **state)
{
	(void)state;
	make(NAMES("log", "log.1"));
	assert_siblings("log", NAMES("./log*"), NAMES("log.1"));
}

/* Some reading of the name `path` is `live`; or none at all, if that is NULL. */
static void assert_live_name(const char *path, const char *live)
{
	bool found = false;
	unsigned nth = 0;
	char *name;

	for (; nth < 20 && (name = siblings_live_name(path, nth)); nth++) {
		found |= live && strcmp(name, live) == 0;
		free(name);
	}
	assert_true(nth < 20);
	if (live ? !found : nth > 0)
		fail_msg("%s: %s", path, live ? live : "is a sibling");
}

static void test_live_names(void **state)
{
	(void)state;
	assert_live_name("/v/app.log.1", "/v/app.log");
	assert_live_name("/v/app.log.12.gz", "/v/app.log");
	assert_live_name("/v/app.log-20260101", "/v/app.log");
	assert_live_name("/v/app-20260101.log.zst", "/v/app.log");
	assert_live_name("/v/app.1.log", "/v/app.log");
	assert_live_name("/v/app-2026-01-01T10-00-00.000.log.gz", "/v/app.log");
	assert_live_name("/v.1/app-2026-01-01_10:00.log", "/v.1/app.log");
	assert_live_name("app-1.log.2", "app-1.log");
	assert_live_name("/v/app-1.log", NULL); /* one of several logs, no date */
	assert_live_name("/v/app-20260.log", NULL);
	assert_live_name("/v.1/app.log", NULL);
	assert_live_name("/v/app.log", NULL);
	assert_live_name("/v/1.log", NULL);
	assert_live_name("/v/app1.log", NULL);
	assert_live_name("/v/app.log.gz", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOM_TEST(test_numbers_by_value),
		ROOM_TEST(test_dates_by_name_not_by_mtime),
		ROOM_TEST(test_dates_with_times),
		ROOM_TEST(test_epochs),
		ROOM_TEST(test_counters_behind_a_date),
		ROOM_TEST(test_fractions_of_a_second),
		ROOM_TEST(test_marks_before_the_extension),
		ROOM_TEST(test_numbers_before_the_extension),
		ROOM_TEST(test_equal_numbers_by_mtime),
		ROOM_TEST(test_dates_among_numbers_leave_the_numbers_in_order),
		ROOM_TEST(test_the_plain_twin_is_preferred),
		ROOM_TEST(test_strangers_stay_out),
		ROOM_TEST(test_only_regular_files),
		ROOM_TEST(test_a_live_name_with_wildcards_is_taken_literally),
		ROOM_TEST(test_a_listing_is_never_stale),
		ROOM_TEST(test_a_listing_for_several_logs),
		ROOM_TEST(test_renamed_while_listed_none_is_missed_or_found_twice),
		ROOM_TEST(test_no_directory_no_siblings),
		ROOM_TEST(test_own_patterns_replace_the_default),
		ROOM_TEST(test_own_patterns_by_mtime),
		ROOM_TEST(test_one_pattern_for_several_logs),
		ROOM_TEST(test_the_live_log_is_not_its_own_sibling),
		cmocka_unit_test(test_live_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
