/* When lines and runs are due. */
#include "base/clock.h"
#include "writer/pace.h"
#include "writer/progress.h"
#include "writer/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the above first */
#include <cmocka.h>

#define START (1000 * NS_PER_S)

static struct schedule schedule_of(uint64_t interval_ns)
{
	struct schedule schedule;

	schedule_start(&schedule, interval_ns, START);
	return schedule;
}

static void test_first_is_due_at_the_start(void **state)
{
	struct schedule schedule = schedule_of(NS_PER_S / 4);

	(void)state;
	assert_int_equal(schedule_due(&schedule, START - 1), 0);
	assert_int_equal(schedule_due(&schedule, START), 1);
	assert_int_equal(schedule_next(&schedule), START);
	schedule_done(&schedule, 1);
	assert_int_equal(schedule_due(&schedule, START), 0);
	assert_int_equal(schedule_next(&schedule), START + NS_PER_S / 4);
}

static void test_late_writes_do_not_shift_the_next(void **state)
{
	struct schedule schedule = schedule_of(NS_PER_MS);

	(void)state;
	for (uint64_t n = 0; n < 1000000; n++) {
		uint64_t late = START + n * NS_PER_MS + n % 997 * NS_PER_US;

		assert_int_equal(schedule_due(&schedule, late), 1);
		schedule_done(&schedule, 1);
	}
	assert_int_equal(schedule_next(&schedule), START + 1000 * NS_PER_S);
}

static void test_a_stall_makes_many_due(void **state)
{
	struct schedule schedule = schedule_of(NS_PER_MS);

	(void)state;
	assert_int_equal(schedule_due(&schedule, START + 5 * NS_PER_S), 5001);
	schedule_done(&schedule, 2000);
	assert_int_equal(schedule_due(&schedule, START + 5 * NS_PER_S), 3001);
	schedule_forgive(&schedule, START + 5 * NS_PER_S);
	assert_int_equal(schedule_due(&schedule, START + 5 * NS_PER_S), 1);
}

static void test_what_is_not_late_is_not_forgiven(void **state)
{
	struct schedule schedule = schedule_of(NS_PER_S);

	(void)state;
	schedule_done(&schedule, 1);
	schedule_forgive(&schedule, START + 1);
	assert_int_equal(schedule_next(&schedule), START + NS_PER_S);
}

static void test_no_interval_is_always_due(void **state)
{
	struct schedule schedule = schedule_of(0);

	(void)state;
	schedule_done(&schedule, 12345);
	assert_true(schedule_due(&schedule, START) == UINT64_MAX);
}

static void test_the_ends_of_time(void **state)
{
	struct schedule schedule = schedule_of(INT64_MAX);

	(void)state;
	assert_int_equal(schedule_due(&schedule, START), 1);
	schedule_done(&schedule, 3);
	assert_true(schedule_next(&schedule) == UINT64_MAX);
	assert_int_equal(schedule_due(&schedule, UINT64_MAX - 1), 0);
	schedule = schedule_of(1);
	assert_true(schedule_due(&schedule, UINT64_MAX - 1) == UINT64_MAX - START);
}

static void test_a_rate_that_divides_no_second_does_not_drift(void **state)
{
	struct schedule schedule;

	(void)state;
	schedule_start_rate(&schedule, 3, START);
	for (uint64_t n = 0; n < 3000; n++) {
		uint64_t due = START + (n * NS_PER_S + 2) / 3;

		assert_int_equal(schedule_next(&schedule), due);
		assert_int_equal(schedule_due(&schedule, due - 1), 0);
		assert_int_equal(schedule_due(&schedule, due), 1);
		schedule_done(&schedule, 1);
	}
	assert_int_equal(schedule_next(&schedule), START + 1000 * NS_PER_S);
}

static void test_bytes_are_due_by_their_number(void **state)
{
	const struct replay_conf conf = {
		.speed_thousandths = 1000, .rate_bytes = 1000, .burst_ns = NS_PER_S
	};
	struct allowance allowance;
	struct pace pace;

	(void)state;
	pace_start(&pace, &conf, START);
	assert_true(pace_due(&pace, START, &allowance));
	assert_int_equal(allowance.bytes, 1);
	pace_done(&pace, 1, 100);
	assert_false(pace_due(&pace, START + 99 * NS_PER_MS, &allowance));
	assert_int_equal(pace_wake(&pace, START + NS_PER_MS), START + 100 * NS_PER_MS);
	assert_true(pace_due(&pace, START + 199 * NS_PER_MS, &allowance));
	assert_int_equal(allowance.bytes, 100);
	assert_int_equal(pace_behind(&pace, START + 199 * NS_PER_MS, 1, 10), 10);
}

static void test_a_burst_is_bounded(void **state)
{
	const struct replay_conf conf = {
		.speed_thousandths = 1000, .interval_ns = NS_PER_MS, .burst_ns = NS_PER_S
	};
	struct allowance allowance;
	struct pace pace;

	(void)state;
	pace_start(&pace, &conf, START);
	pace_done(&pace, 1, 0);
	assert_true(pace_due(&pace, START + NS_PER_S, &allowance));
	assert_int_equal(allowance.lines, 1000);
	assert_int_equal(pace.skipped_ns, 0);
	assert_true(pace_due(&pace, START + 3600 * NS_PER_S, &allowance));
	assert_int_equal(allowance.lines, 1001);
	assert_int_equal(pace.skipped_ns, 3599 * NS_PER_S - NS_PER_MS);
}

static void test_skipping_goes_on_from_now(void **state)
{
	const struct replay_conf conf = {
		.speed_thousandths = 1000, .interval_ns = NS_PER_MS, .catch_up = CATCH_UP_SKIP
	};
	struct allowance allowance;
	struct pace pace;

	(void)state;
	pace_start(&pace, &conf, START);
	assert_true(pace_due(&pace, START + 900 * NS_PER_MS, &allowance));
	assert_int_equal(allowance.lines, 901);
	assert_true(pace_due(&pace, START + 1100 * NS_PER_MS, &allowance));
	assert_int_equal(allowance.lines, 1);
	assert_int_equal(pace.skipped_ns, 1100 * NS_PER_MS);
}

static void test_speed_goes_for_any_pace(void **state)
{
	const struct replay_conf conf = {
		.interval_ns = NS_PER_S, .speed_thousandths = 4000, .burst_ns = NS_PER_S
	};
	struct allowance allowance;
	struct pace pace;

	(void)state;
	pace_start(&pace, &conf, START);
	assert_true(pace_due(&pace, START + NS_PER_S - 1, &allowance));
	assert_int_equal(allowance.lines, 4);
	assert_true(pace_rate(&pace) > 3.99 && pace_rate(&pace) < 4.01);
	pace_set_speed(&pace, 500, START + NS_PER_S);
	pace_done(&pace, 1, 0);
	assert_false(pace_due(&pace, START + 3 * NS_PER_S - 1, &allowance));
	assert_int_equal(pace_wake(&pace, START + NS_PER_S), START + 3 * NS_PER_S);
}

static void test_fast_paces_sleep_for_several_lines(void **state)
{
	struct schedule slow = schedule_of(NS_PER_MS), fast = schedule_of(100);

	(void)state;
	schedule_done(&slow, 1);
	assert_int_equal(schedule_wake(&slow, START), START + NS_PER_MS);
	schedule_done(&fast, 1);
	assert_int_equal(schedule_wake(&fast, START), START + SCHEDULE_SHORTEST_SLEEP_NS);
	assert_int_equal(schedule_due(&fast, schedule_wake(&fast, START)), 2500);
}

static void test_time_left(void **state)
{
	struct progress progress = { .started_ns = START, .first_offset = 100 };
	struct progress_figures none = { .size = 1000, .offset = 100, .asked = 1 };
	struct progress_figures third = { .lines = 10, .size = 1000, .offset = 400, .asked = 1 };
	struct progress_figures twice_as_fast = third, free_running = third, shrunk = third;

	(void)state;
	twice_as_fast.asked = 2;
	free_running.asked = 0;
	shrunk.size = 200;
	assert_int_equal(progress_left(&progress, &none, START), 0);
	assert_int_equal(progress_left(&progress, &third, START), 20 * NS_PER_S);
	assert_int_equal(progress_left(&progress, &twice_as_fast, START), 10 * NS_PER_S);
	assert_int_equal(
		progress_left(&progress, &free_running, START + 4 * NS_PER_S), 8 * NS_PER_S);
	assert_int_equal(progress_left(&progress, &shrunk, START), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_is_due_at_the_start),
		cmocka_unit_test(test_late_writes_do_not_shift_the_next),
		cmocka_unit_test(test_a_stall_makes_many_due),
		cmocka_unit_test(test_what_is_not_late_is_not_forgiven),
		cmocka_unit_test(test_no_interval_is_always_due),
		cmocka_unit_test(test_the_ends_of_time),
		cmocka_unit_test(test_fast_paces_sleep_for_several_lines),
		cmocka_unit_test(test_a_rate_that_divides_no_second_does_not_drift),
		cmocka_unit_test(test_bytes_are_due_by_their_number),
		cmocka_unit_test(test_a_burst_is_bounded),
		cmocka_unit_test(test_skipping_goes_on_from_now),
		cmocka_unit_test(test_speed_goes_for_any_pace),
		cmocka_unit_test(test_time_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
