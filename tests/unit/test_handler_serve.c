/* What the handlers for clients are made of: addresses, counts of lines, bounded buffers. */
#include "handler_driver.h"

#include "handlers/address.h"
#include "handlers/backlog.h"
#include "handlers/in_flight.h"

static void addresses_are_paths_and_numbers(void **state)
{
	static const struct {
		const char *text;
		bool local;
	} good[] = { { "/run/s", true }, { "127.0.0.1:1", true }, { "127.9.9.9:65535", true },
		{ "[::1]:5140", true }, { "0.0.0.0:1", false }, { "192.0.2.1:80", false },
		{ "[::]:1", false }, { "[::ffff:127.0.0.1]:1", false } };
	static const char *const bad[] = { "", "s", ":1", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0",
		"127.0.0.1:65536", "127.0.0.1:1x", "127.0.0.1:-1", "127.1:1", "localhost:1",
		"::1:1", "[::1]", "[::1:1", "[]:1",
		"/234567890123456789012345678901234567890123456789012345678901234567890123456789"
		"0123456789012345678901234567890" };
	struct address address;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(address_parse(good[i].text, &address), 0);
		assert_int_equal(address_is_local(&address), good[i].local);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(address_parse(bad[i], &address), -EINVAL);
}

static int hear(struct in_flight *flight, const char *text)
{
	return in_flight_hear(flight, text, strlen(text));
}

/* Five lines of the same length. */
static struct lk_batch batch_of(const char *file_id, struct lk_line lines[5], uint64_t offset)
{
	for (size_t i = 0; i < 5; i++)
		lines[i] = (struct lk_line){
			.data = "x", .len = 1, .offset = offset + 2 * i, .flags = LK_LINE_NEWLINE
		};
	return (struct lk_batch){ .file_id = file_id, .lines = lines, .count = 5 };
}

static void lines_land_when_they_are_counted(void **state)
{
	struct in_flight flight = { 0 };
	struct lk_line lines[5];
	struct lk_batch batch = batch_of("a", lines, 0);
	size_t count;

	(void)state;
	assert_true(in_flight_find(&flight, &batch, &count));
	assert_int_equal(count, 0);
	assert_int_equal(in_flight_add(&flight, &batch, 4), 0);
	assert_int_equal(in_flight_land(&flight, &batch), 0);
	assert_int_equal(hear(&flight, "1\n"), 0);
	assert_int_equal(hear(&flight, "00"), 0); /* a count may come in pieces */
	assert_int_equal(hear(&flight, "3\n3\n"), 0);
	assert_int_equal(in_flight_land(&flight, &batch), 3);
	batch = batch_of("a", lines, 6); /* what is offered next */
	assert_true(in_flight_find(&flight, &batch, &count));
	assert_int_equal(count, 1);
	in_flight_free(&flight);
}

static void other_lines_wait_for_those_in_flight(void **state)
{
	struct in_flight flight = { 0 };
	struct lk_line lines[5];
	struct lk_batch batch = batch_of("a", lines, 0);
	size_t count = 99;

	(void)state;
	assert_int_equal(in_flight_add(&flight, &batch, 2), 0);
	lines[1].len = 7; /* the last of them was unterminated, and has grown */
	assert_false(in_flight_find(&flight, &batch, &count));
	batch = batch_of("b", lines, 0);
	assert_false(in_flight_find(&flight, &batch, &count));
	assert_int_equal(count, 99);
	assert_int_equal(hear(&flight, "2\n"), 0);
	assert_true(in_flight_find(&flight, &batch, &count));
	assert_int_equal(count, 0);
	in_flight_free(&flight);
}

static void only_counts_that_can_be_are_taken(void **state)
{
	static const char *const bad[] = { "\n", "x", "-1\n", " 1\n", "1\r\n", "6\n", "1\n",
		"99999999999999999999\n" };
	struct lk_line lines[5];
	struct lk_batch batch = batch_of("a", lines, 0);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct in_flight flight = { 0 };

		assert_int_equal(in_flight_add(&flight, &batch, 5), 0);
		assert_int_equal(hear(&flight, "2\n"), 0);
		assert_int_equal(hear(&flight, bad[i]), -EPROTO);
		assert_int_equal(in_flight_land(&flight, &batch), 2);
		in_flight_free(&flight);
	}
}

static void a_backlog_keeps_order_and_its_limit(void **state)
{
	struct backlog backlog = { 0 };
	char bytes[10000], expected[256];
	size_t in = 0, out = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(expected); i++)
		expected[i] = (char)i;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)i;
	for (int turn = 0; turn < 1000; turn++) {
		size_t more = 256 * (size_t)(1 + turn % 20), less = 256 * (size_t)(1 + turn % 13);

		if (backlog.len + more > 40000) {
			assert_int_equal(backlog_add(&backlog, bytes, more, 40000), -ENOBUFS);
		} else {
			assert_int_equal(backlog_add(&backlog, bytes, more, 40000), 0);
			in += more;
		}
		assert_int_equal(backlog.len, in - out);
		if (less > backlog.len)
			less = backlog.len;
		for (size_t at = 0; at < less; at += 256)
			assert_memory_equal(
				backlog.data + backlog.start + at, expected, sizeof(expected));
		backlog_take(&backlog, less);
		out += less;
	}
	assert_true(in > out || !backlog.data);
	backlog_take(&backlog, backlog.len);
	assert_null(backlog.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_paths_and_numbers),
		cmocka_unit_test(lines_land_when_they_are_counted),
		cmocka_unit_test(other_lines_wait_for_those_in_flight),
		cmocka_unit_test(only_counts_that_can_be_are_taken),
		cmocka_unit_test(a_backlog_keeps_order_and_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
