#include "lines/place.h"

#include "room.h"

#include <errno.h>

#define SIZE (3 * PLACE_WINDOW)

static const uint64_t offsets[] = { 0, 1, 2, 511, 1022, 1023, 1024, 1025, 1026, 1535, 2046, 2047,
	2048, 2049, 2050, SIZE - 1, SIZE };

#define EACH_OFFSET(i)                                                                             \
	size_t i = 0;                                                                              \
	i < sizeof(offsets) / sizeof(*offsets);                                                    \
	i++

static int open_for_reading(const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* A file of SIZE varied bytes, which are the caller's to free. */
static char *put_varied(const char *name)
{
	char *bytes = varied_bytes(SIZE);

	put_bytes(name, bytes, SIZE);
	return bytes;
}

static void assert_same_place(const struct place *a, const struct place *b)
{
	assert_true(place_same_inode(a, b));
	assert_int_equal(a->offset, b->offset);
	assert_int_equal(a->head_length, b->head_length);
	assert_int_equal(a->head_start, b->head_start);
	assert_int_equal(a->head_hash, b->head_hash);
	assert_int_equal(a->tail_hash, b->tail_hash);
}

static void test_fits_its_file_at_each_offset(void **state)
{
	int fd;

	(void)state;
	free(put_varied("log"));
	fd = open_for_reading("log");
	for (EACH_OFFSET(i)) {
		struct place place;
		uint64_t window = offsets[i] < PLACE_WINDOW ? offsets[i] : PLACE_WINDOW;

		assert_int_equal(place_take(&place, fd, offsets[i]), 0);
		assert_int_equal(place.offset, offsets[i]);
		assert_int_equal(place.head_length, window);
		assert_int_equal(place_tail_length(&place), window);
		assert_int_equal(place_fits(&place, fd), 1);
	}
	close(fd);
}

/* Does a place at `offset` still fit when the byte at `changed` is another? */
static int fits_after_change(uint64_t offset, uint64_t changed)
{
	struct place place;
	char *bytes = put_varied("log");
	int fits, fd = open_for_reading("log");

	assert_int_equal(place_take(&place, fd, offset), 0);
	bytes[changed] ^= 1;
	put_at("log", bytes + changed, 1, changed);
	fits = place_fits(&place, fd);
	close(fd);
	free(bytes);
	return fits;
}

static void test_a_changed_byte_in_the_windows_is_seen(void **state)
{
	(void)state;
	for (EACH_OFFSET(i)) {
		uint64_t offset = offsets[i];

		if (offset == 0)
			continue;
		assert_int_equal(fits_after_change(offset, 0), 0);
		assert_int_equal(fits_after_change(offset, offset - 1), 0);
		if (offset > PLACE_WINDOW) {
			assert_int_equal(fits_after_change(offset, PLACE_WINDOW - 1), 0);
			assert_int_equal(fits_after_change(offset, offset - PLACE_WINDOW), 0);
		}
	}
}

static void test_bytes_behind_it_are_not_its_affair(void **state)
{
	(void)state;
	for (EACH_OFFSET(i))
		if (offsets[i] < SIZE)
			assert_int_equal(fits_after_change(offsets[i], offsets[i]), 1);
}

static void test_a_shorter_file_does_not_fit(void **state)
{
	struct place place, untouched;
	int fd;

	(void)state;
	free(put_varied("log"));
	fd = open_for_reading("log");
	assert_int_equal(place_take(&place, fd, SIZE), 0);
	untouched = place;
	assert_int_equal(truncate("log", SIZE - 1), 0);
	assert_int_equal(place_fits(&place, fd), 0);
	assert_int_equal(place_take(&place, fd, SIZE), -ENODATA);
	assert_same_place(&place, &untouched);
	close(fd);
}

static void test_a_place_of_zeros_is_the_start_of_any_file(void **state)
{
	struct place place, zeros = { 0 };
	int fd;

	(void)state;
	free(put_varied("log"));
	fd = open_for_reading("log");
	assert_int_equal(place_fits(&zeros, fd), 1);
	assert_int_equal(place_take(&place, fd, 0), 0);
	zeros.device = place.device;
	zeros.inode = place.inode;
	assert_same_place(&place, &zeros);
	close(fd);
}

/* Step by step it is the same place as at once, wherever the windows stand. */
static void test_advancing_is_taking(void **state)
{
	char *bytes;
	int fd;

	(void)state;
	bytes = put_varied("log");
	fd = open_for_reading("log");
	for (EACH_OFFSET(from))
		for (size_t to = from; to < sizeof(offsets) / sizeof(*offsets); to++) {
			struct place place, taken;
			struct stretch stretch;

			assert_int_equal(place_take(&place, fd, offsets[from]), 0);
			assert_int_equal(place_take(&taken, fd, offsets[to]), 0);
			stretch.start = offsets[from] - place_tail_length(&place);
			stretch.bytes = bytes + stretch.start;
			stretch.len = (size_t)(offsets[to] - stretch.start);
			place_advance(&place, &stretch, offsets[to]);
			assert_same_place(&place, &taken);
		}
	close(fd);
	free(bytes);
}

/* What was seen behind the offset, an unterminated line, says which file it is, too. */
static void test_the_head_is_what_was_seen(void **state)
{
	struct place place = { 0 };
	char *bytes = put_varied("log");
	int fd = open_for_reading("log");

	(void)state;
	for (size_t seen = 1; seen <= SIZE; seen += 341) {
		size_t head = seen < PLACE_WINDOW ? seen : PLACE_WINDOW;

		place_see(&place, &(struct stretch){ bytes, 0, seen });
		assert_int_equal(place.head_length, head);
		assert_int_equal(place.offset, 0);
		assert_int_equal(place_fits(&place, fd), 1);
		bytes[head - 1] ^= 1;
		put_at("log", bytes + head - 1, 1, head - 1);
		assert_int_equal(place_fits(&place, fd), 0);
		bytes[head - 1] ^= 1;
		put_at("log", bytes + head - 1, 1, head - 1);
	}
	place_see(&place, &(struct stretch){ bytes, 0, 5 }); /* never less */
	assert_int_equal(place.head_length, PLACE_WINDOW);
	assert_int_equal(place_fits(&place, fd), 1);
	close(fd);
	free(bytes);
}

static void test_nuls_at_the_start_are_no_evidence(void **state)
{
	const size_t sizes[] = { 1, PLACE_WINDOW - 1, PLACE_WINDOW, 5000 };
	struct place other;
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct place place = { 0 };
		char bytes[SIZE + 5000] = { 0 };

		memset(bytes + sizes[i], 'x', SIZE);
		place_see(&place, &(struct stretch){ bytes, 0, sizes[i] });
		assert_false(place_seen(&place));
		for (size_t seen = 1; seen <= PLACE_WINDOW + 5; seen += 9)
			place_see(&place, &(struct stretch){ bytes, 0, sizes[i] + seen });
		assert_int_equal(place.head_start, sizes[i]);
		assert_int_equal(place.head_length, PLACE_WINDOW);
		put_bytes("log", bytes, sizes[i] + SIZE);
		fd = open_for_reading("log");
		assert_int_equal(place_fits(&place, fd), 1);
		put_at("log", "y", 1, sizes[i]);
		assert_int_equal(place_fits(&place, fd), 0);
		close(fd);
	}
	put_bytes("log", "\0\0abc", 5);
	fd = open_for_reading("log");
	assert_int_equal(place_take(&other, fd, 4), 0);
	close(fd);
	assert_int_equal(other.head_start, 2);
	assert_int_equal(other.head_length, 2);
}

static void test_tail_needs_a_stretch_that_covers_it(void **state)
{
	struct place place;
	char *bytes = put_varied("log");
	int fd = open_for_reading("log");

	(void)state;
	assert_int_equal(place_take(&place, fd, 2000), 0);
	assert_true(place_tail_fits(&place, &(struct stretch){ bytes + 976, 976, 1024 }));
	assert_true(place_tail_fits(&place, &(struct stretch){ bytes, 0, SIZE }));
	assert_false(place_tail_fits(&place, &(struct stretch){ bytes + 977, 977, 1024 }));
	assert_false(place_tail_fits(&place, &(struct stretch){ bytes + 976, 976, 1023 }));
	bytes[1999] ^= 1;
	assert_false(place_tail_fits(&place, &(struct stretch){ bytes, 0, SIZE }));
	close(fd);
	free(bytes);
}

static void test_beyond_4_gib(void **state)
{
	const uint64_t offset = 4 * GIB + 5;
	struct place place;
	char text[PLACE_TEXT];
	int fd;

	(void)state;
	put("log", "begin");
	put_at("log", "far away", 8, 4 * GIB);
	fd = open_for_reading("log");
	assert_int_equal(place_take(&place, fd, offset), 0);
	assert_int_equal(place_fits(&place, fd), 1);
	place_format(&place, text);
	assert_int_equal(place_parse(&place, text), 0);
	assert_int_equal(place.offset, offset);
	put_at("log", "BEGIN", 5, 4 * GIB + 8); /* behind it */
	assert_int_equal(place_fits(&place, fd), 1);
	put_at("log", "w", 1, 4 * GIB + 4);
	assert_int_equal(place_fits(&place, fd), 0);
	close(fd);
}

static ssize_t read_nothing_but_trouble(void *source, void *buffer, size_t len, uint64_t offset)
{
	(void)source, (void)buffer, (void)len, (void)offset;
	return -EIO;
}

static void test_a_bad_disk_is_no_answer(void **state)
{
	struct place place = { .offset = 10, .head_length = 10 }, untouched = place;

	(void)state;
	assert_int_equal(place_fits_content(&place, read_nothing_but_trouble, NULL), -EIO);
	assert_int_equal(place_head_fits(&place, read_nothing_but_trouble, NULL), -EIO);
	assert_int_equal(place_set(&place, read_nothing_but_trouble, NULL, 20), -EIO);
	assert_same_place(&place, &untouched);
}

static void test_text_and_back(void **state)
{
	static const struct place places[] = {
		{ 0 },
		{ 1, 2, 3, 4, 5, 3, 0 },
		{ (dev_t)-1, (ino_t)-1, UINT64_MAX, UINT64_MAX, UINT64_MAX, PLACE_WINDOW,
			UINT64_MAX },
		{ 1, 2, 30, 0, 5, 0, 0 },
		{ 1, 2, 30, 4, 5, 7, 25 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		struct place place;
		char text[PLACE_TEXT];

		place_format(&places[i], text);
		assert_true(strlen(text) < PLACE_TEXT - 1);
		assert_null(strpbrk(text, " \n"));
		assert_int_equal(place_parse(&place, text), 0);
		assert_same_place(&place, &places[i]);
	}
}

static void assert_no_place(const char *text)
{
	struct place place = { .offset = 77 };

	if (place_parse(&place, text) != -EINVAL)
		fail_msg("\"%s\" was taken for a place", text);
	assert_int_equal(place.offset, 77);
}

static void test_text_that_is_no_place(void **state)
{
	static const struct place place = { 1, 2, 3, 4, 5, 3, 0 };
	char text[PLACE_TEXT], *last;

	(void)state;
	place_format(&place, text);
	last = strrchr(text, ':');
	while (last > text) {
		last[1] = '\0';
		assert_no_place(text);
		*last-- = '\0';
		assert_no_place(text);
	}
	assert_no_place("1:2:3:3:0000000000000004:0000000000000005:");
	assert_no_place("1:2:3:3:0000000000000004:0000000000000005 6");
	/* a head that does not go with the offset */
	assert_no_place("1:2:3:2:0000000000000004:0000000000000005");
	assert_no_place("1:2:3:1025:0000000000000004:0000000000000005");
	assert_no_place("1:2:5000:1023:0000000000000004:0000000000000005");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOM_TEST(test_fits_its_file_at_each_offset),
		ROOM_TEST(test_a_changed_byte_in_the_windows_is_seen),
		ROOM_TEST(test_bytes_behind_it_are_not_its_affair),
		ROOM_TEST(test_a_shorter_file_does_not_fit),
		ROOM_TEST(test_a_place_of_zeros_is_the_start_of_any_file),
		ROOM_TEST(test_advancing_is_taking),
		ROOM_TEST(test_the_head_is_what_was_seen),
		ROOM_TEST(test_nuls_at_the_start_are_no_evidence),
		ROOM_TEST(test_tail_needs_a_stretch_that_covers_it),
		ROOM_TEST(test_beyond_4_gib),
		cmocka_unit_test(test_a_bad_disk_is_no_answer),
		cmocka_unit_test(test_text_and_back),
		cmocka_unit_test(test_text_that_is_no_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
