/* .stats files as daemons write them, and as nobody should. */
#include "ctl/metrics.h"
#include "ctl/snapshot.h"

#include "base/clock.h"
#include "room.h"

#include <errno.h>
#include <math.h>

#define FILE_NAME "tailer.stats"

static char stats_name[] = FILE_NAME;
static char *all_stats[] = { stats_name };
static const struct places places = { .stats = all_stats, .count = 1 };

/* A living daemon with one section, whose file stays until closed. */
static struct stats make_daemon(void)
{
	struct stats stats;
	struct stats_page *page;

	assert_int_equal(stats_create(&stats, FILE_NAME, "linekeeper-tailer", "/nowhere"), 0);
	page = stats_page(&stats, 0);
	snprintf(page->section, sizeof(page->section), "tail app");
	page->state = STATS_RUNNING;
	page->pid = 1;
	page->started_ns = clock_realtime_ns() - 10 * NS_PER_S;
	stats_beat(page);
	stats_define(page, 0, "lines_total");
	stats_set(page, 0, 1000);
	stats_define(page, 1, "lost_bytes_total");
	return stats;
}

static struct snapshot take(void)
{
	struct snapshot snapshot;

	assert_int_equal(snapshot_take(&snapshot, &places), 0);
	assert_int_equal(snapshot.count, 1);
	return snapshot;
}

static void test_what_a_daemon_shows(void **state)
{
	struct stats stats = make_daemon();
	struct snapshot snapshot = take();
	const struct daemon_view *daemon = &snapshot.daemons[0];
	const struct section_view *section = daemon->sections;
	uint64_t value = 77;

	(void)state;
	assert_string_equal(daemon->name, "tailer");
	assert_int_equal(daemon_state(&snapshot, daemon), DAEMON_RUNNING);
	assert_int_equal(daemon->count, 1);
	assert_string_equal(section->kind, "tail");
	assert_string_equal(section->name, "app");
	assert_true(section_is_named(section, "app") && section_is_named(section, "tail app"));
	assert_false(section_is_named(section, "tail"));
	assert_string_equal(section_state_text(&snapshot, daemon, section), "running");
	assert_true(section_figure(section, "lines_total", &value));
	assert_int_equal(value, 1000);
	assert_false(section_figure(section, "lines", &value));
	assert_float_equal(section_rate(&snapshot, daemon, section, NULL), 100, 5);
	snapshot_free(&snapshot);
	stats_remove(&stats);
}

static void test_rate_between_two_looks(void **state)
{
	struct stats stats = make_daemon();
	struct snapshot before = take(), now;
	const struct section_view *section;

	(void)state;
	stats_add(stats_page(&stats, 0), 0, 50);
	now = take();
	before.now_ns = now.now_ns - 2 * NS_PER_S;
	section = now.daemons[0].sections;
	assert_float_equal(section_rate(&now, now.daemons, section, &before), 25, 0.01);
	/* Another worker by now: what the first has counted is no measure. */
	before.daemons[0].sections[0].page.started_ns--;
	assert_float_equal(section_rate(&now, now.daemons, section, &before), 105, 5);
	snapshot_free(&before);
	snapshot_free(&now);
	stats_remove(&stats);
}

static void test_it_hangs(void **state)
{
	struct stats stats = make_daemon();
	uint64_t long_ago = clock_monotonic_ns() - HANGS_NS - NS_PER_S;
	struct stats_page *page = stats_page(&stats, 0);
	struct snapshot snapshot;

	(void)state;
	page->beat_ns = long_ago;
	snapshot = take();
	assert_int_equal(daemon_state(&snapshot, snapshot.daemons), DAEMON_RUNNING);
	assert_string_equal(
		section_state_text(&snapshot, snapshot.daemons, snapshot.daemons[0].sections),
		"hangs");
	snapshot_free(&snapshot);

	page->state = STATS_WAITING; /* for its next worker, which has not begun to beat */
	stats.header->beat_ns = long_ago;
	snapshot = take();
	assert_int_equal(daemon_state(&snapshot, snapshot.daemons), DAEMON_HANGS);
	assert_string_equal(
		section_state_text(&snapshot, snapshot.daemons, snapshot.daemons[0].sections),
		"waiting");
	snapshot_free(&snapshot);
	stats_remove(&stats);
}

static void test_clock_set_back(void **state)
{
	struct stats stats = make_daemon();
	struct snapshot snapshot;

	(void)state;
	stats.header->started_ns = stats_page(&stats, 0)->started_ns =
		clock_realtime_ns() + 3600 * NS_PER_S;
	snapshot = take();
	assert_int_equal(daemon_state(&snapshot, snapshot.daemons), DAEMON_RUNNING);
	assert_false(section_hangs(&snapshot, snapshot.daemons, snapshot.daemons[0].sections));
	assert_true(isnan(
		section_rate(&snapshot, snapshot.daemons, snapshot.daemons[0].sections, NULL)));
	snapshot_free(&snapshot);
	stats_remove(&stats);
}

static void test_dead_and_gone(void **state)
{
	struct stats stats = make_daemon();
	struct snapshot snapshot;

	(void)state;
	stats_close(&stats);
	snapshot = take();
	assert_int_equal(daemon_state(&snapshot, snapshot.daemons), DAEMON_DEAD);
	assert_true(isnan(
		section_rate(&snapshot, snapshot.daemons, snapshot.daemons[0].sections, NULL)));
	snapshot_free(&snapshot);
	assert_int_equal(unlink(FILE_NAME), 0);
	snapshot = take();
	assert_int_equal(daemon_state(&snapshot, snapshot.daemons), DAEMON_STOPPED);
	assert_int_equal(snapshot.daemons[0].count, 0);
	snapshot_free(&snapshot);
}

static void test_starting_sections_show_no_figures(void **state)
{
	struct stats stats = make_daemon();
	struct snapshot snapshot;
	uint64_t value;

	(void)state;
	stats_page(&stats, 0)->state = STATS_STARTING;
	snapshot = take();
	assert_false(section_figure(snapshot.daemons[0].sections, "lines_total", &value));
	snapshot_free(&snapshot);
	stats_remove(&stats);
}

static void assert_unknown(const char *what)
{
	struct snapshot snapshot = take();
	char *text = NULL, why[256] = "";
	size_t len;

	if (daemon_state(&snapshot, snapshot.daemons) != DAEMON_UNKNOWN)
		fail_msg("taken for good: %s", what);
	assert_int_equal(snapshot.daemons[0].count, 0);
	snapshot_free(&snapshot);
	assert_int_not_equal(metrics_text(&places, &text, &len, why, sizeof(why)), 0);
	assert_null(text);
	assert_non_null(strstr(why, FILE_NAME));
}

static void test_files_of_others(void **state)
{
	char *bytes = varied_bytes((size_t)STATS_PAGE * (1 + STATS_PAGES));

	(void)state;
	put(FILE_NAME, "");
	assert_unknown("empty");
	put(FILE_NAME, "hello\n");
	assert_unknown("text");
	put_bytes(FILE_NAME, bytes, (size_t)STATS_PAGE * (1 + STATS_PAGES));
	assert_unknown("noise of the right size");
	free(bytes);
	unlink(FILE_NAME);
	assert_int_equal(mkdir(FILE_NAME, 0700), 0);
	assert_unknown("directory");
	rmdir(FILE_NAME);
	assert_int_equal(mkfifo(FILE_NAME, 0600), 0);
	assert_unknown("FIFO");
}

static void test_pages_that_make_no_sense(void **state)
{
	struct stats stats = make_daemon();
	struct stats_page *page = stats_page(&stats, 0);
	const struct stats_page good = *page;

	(void)state;
	page->state = 99;
	assert_unknown("state");
	*page = good;
	snprintf(page->section, sizeof(page->section), "tail ../../etc");
	assert_unknown("path in a name");
	*page = good;
	snprintf(page->section, sizeof(page->section), "tail");
	assert_unknown("no name");
	*page = good;
	snprintf(page->section, sizeof(page->section), "ta\"il app");
	assert_unknown("kind");
	*page = good;
	memset(page->section, 'a', sizeof(page->section));
	assert_unknown("name without end");
	*page = good;
	stats_define(page, 1, "x\ny_total");
	assert_unknown("name of a figure");
	*page = good;
	*stats_page(&stats, 1) = good;
	assert_unknown("a section twice");
	memset(stats_page(&stats, 1), 0, sizeof(good));
	stats.header->version++;
	assert_unknown("version");
	stats.header->version--;
	assert_int_equal(truncate(FILE_NAME, STATS_PAGE), 0);
	assert_unknown("cut");
	stats_remove(&stats);
}

/* Bytes that the check lets through may be shown; nothing may crash on any. */
static void test_noise_in_a_page(void **state)
{
	struct stats stats = make_daemon();
	struct stats_page *page = stats_page(&stats, 0);
	const struct stats_page good = *page;
	char *bytes = varied_bytes(sizeof(good));

	(void)state;
	for (size_t at = 0; at + 64 <= sizeof(good); at += 64) {
		struct snapshot snapshot;
		char *text, why[256];
		size_t len;

		*page = good;
		memcpy((char *)page + at, bytes + at, 64);
		snapshot = take();
		snapshot_free(&snapshot);
		if (metrics_text(&places, &text, &len, why, sizeof(why)) == 0)
			free(text);
	}
	free(bytes);
	stats_remove(&stats);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOM_TEST(test_what_a_daemon_shows),
		ROOM_TEST(test_rate_between_two_looks),
		ROOM_TEST(test_it_hangs),
		ROOM_TEST(test_clock_set_back),
		ROOM_TEST(test_dead_and_gone),
		ROOM_TEST(test_starting_sections_show_no_figures),
		ROOM_TEST(test_files_of_others),
		ROOM_TEST(test_pages_that_make_no_sense),
		ROOM_TEST(test_noise_in_a_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
