#include "lines/content.h"

#include "packed.h"

#include "lines/unpack.h"

#include <errno.h>
#include <signal.h>

#define SIZE ((size_t)300 << 10)

/* A log of numbered lines: it can be compressed, and no two stretches of it are alike. */
static char *log_bytes(void)
{
	char *bytes = malloc(SIZE + 64);
	size_t len = 0;

	assert_non_null(bytes);
	for (unsigned i = 0; len < SIZE; i++)
		len += (size_t)sprintf(bytes + len, "%u of some lines %u\n", i, i * 2654435761u);
	return bytes;
}

static struct content *opened(const char *name)
{
	struct content *content;

	assert_int_equal(content_open(name, &content), 0);
	return content;
}

static void assert_reads(struct content *content, const char *bytes, uint64_t offset, size_t len)
{
	char *buffer = malloc(len + 1);
	size_t there = offset < SIZE ? SIZE - (size_t)offset : 0;

	assert_non_null(buffer);
	if (there > len)
		there = len;
	assert_int_equal(content_read(content, buffer, len, offset), there);
	if (there)
		assert_memory_equal(buffer, bytes + offset, there);
	free(buffer);
}

/* On and back, in small steps and large ones, over the end. */
static void assert_reads_everywhere(struct content *content, const char *bytes)
{
	static const size_t places[] = { 0, 0, 1, 1024, 70000, 69000, 69000, 200000, 3, 299000,
		SIZE - 1, SIZE, SIZE + 1, SIZE - 2000, 0 };

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		assert_reads(content, bytes, places[i], 1);
		assert_reads(content, bytes, places[i], 1024);
		assert_reads(content, bytes, places[i], 66000);
	}
	for (size_t at = 0; at < SIZE; at += 9000) /* as a reader does: a tail and on */
		assert_reads(content, bytes, at > 1024 ? at - 1024 : 0, 10024);
	assert_reads(content, bytes, 0, SIZE + 100);
}

static void test_plain_at_any_offset(void **state)
{
	char *bytes = log_bytes();
	struct content *content;

	(void)state;
	put_bytes("log", bytes, SIZE);
	content = opened("log");
	assert_false(content_packed(content));
	assert_reads_everywhere(content, bytes);
	content_close(content);
	free(bytes);
}

static void test_packed_at_any_offset_as_if_plain(void **state)
{
	char name[16], *bytes = log_bytes();

	(void)state;
	for (EACH_PACKING(p)) {
		struct content *content;

		snprintf(name, sizeof(name), "log.1%s", p->ending);
		put_packed(name, p, bytes, SIZE);
		content = opened(name);
		assert_true(content_packed(content));
		assert_reads_everywhere(content, bytes);
		content_close(content);
	}
	free(bytes);
}

/* lz4(1) of no bytes; libarchive's writer cannot. */
static const unsigned char empty_lz4[] = { 0x04, 0x22, 0x4d, 0x18, 0x64, 0x40, 0xa7, 0x00, 0x00,
	0x00, 0x00, 0x05, 0x5d, 0xcc, 0x02 };

/* An empty log was rotated. */
static void test_packed_nothing(void **state)
{
	char name[16], byte;

	(void)state;
	for (EACH_PACKING(p)) {
		struct content *content;

		snprintf(name, sizeof(name), "log.1%s", p->ending);
		if (strcmp(p->ending, ".lz4") == 0)
			put_bytes(name, empty_lz4, sizeof(empty_lz4));
		else
			put_packed(name, p, "", 0);
		content = opened(name);
		assert_int_equal(content_read(content, &byte, 1, 0), 0);
		content_close(content);
	}
}

/* Reads on from the start as far as it goes; the length, and the error at the end. */
static size_t read_on(struct content *content, const char *bytes, ssize_t *last)
{
	char buffer[4096];
	size_t at = 0;

	while ((*last = content_read(content, buffer, sizeof(buffer), at)) > 0) {
		assert_true(at + (size_t)*last <= SIZE);
		assert_memory_equal(buffer, bytes + at, (size_t)*last);
		at += (size_t)*last;
	}
	return at;
}

/* Never a byte too many or a wrong one, never the whole; and the failure is said, again if asked
 * again. */
static void assert_cut_is_told(const char *name, const char *bytes)
{
	struct content *content = opened(name);
	ssize_t last;
	size_t len = read_on(content, bytes, &last);
	char byte;

	assert_true(len < SIZE);
	assert_int_equal(last, -EBADMSG);
	assert_int_equal(content_read(content, &byte, 1, len), -EBADMSG);
	if (len > 0)
		assert_reads(content, bytes, 0, 1);
	content_close(content);
}

static void test_cut_streams_are_told(void **state)
{
	char name[16], *bytes = log_bytes();

	(void)state;
	for (EACH_PACKING(p)) {
		size_t len;
		char *packed = pack(p, bytes, SIZE, &len);

		snprintf(name, sizeof(name), "log.1%s", p->ending);
		for (size_t part = 1; part < 8; part++) {
			put_bytes(name, packed, len * part / 8);
			assert_cut_is_told(name, bytes);
		}
		for (size_t cut = 0; cut < 20; cut++) { /* within the header, it may be */
			put_bytes(name, packed, cut);
			assert_cut_is_told(name, bytes);
		}
		free(packed);
	}
	free(bytes);
}

/* What comes before the damage is given, however little it is. */
static void test_cut_gz_gives_what_comes_before(void **state)
{
	static const size_t sizes[] = { 10000, SIZE };
	char *bytes = log_bytes();

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct content *content;
		ssize_t last;
		size_t len;
		char *packed = pack(&packings[0], bytes, sizes[i], &len);

		put_bytes("log.1.gz", packed, len * 3 / 4);
		content = opened("log.1.gz");
		assert_true(read_on(content, bytes, &last) > sizes[i] / 4);
		assert_int_equal(last, -EBADMSG);
		content_close(content);
		free(packed);
	}
	free(bytes);
}

/* The last bytes of a .gz are a checksum of its content, and its length (RFC 1952, 2.3.1). */
static void test_wrong_checksum_of_gz(void **state)
{
	char *bytes = log_bytes(), *packed;
	struct content *content;
	ssize_t last;
	size_t len;

	(void)state;
	packed = pack(&packings[0], bytes, SIZE, &len);
	packed[len - 8] ^= 1;
	put_bytes("log.1.gz", packed, len);
	content = opened("log.1.gz");
	read_on(content, bytes, &last);
	assert_int_equal(last, -EBADMSG);
	content_close(content);
	free(packed);
	free(bytes);
}

static void test_zeros_within_a_stream_are_told(void **state)
{
	char name[16], *bytes = log_bytes();

	(void)state;
	for (EACH_PACKING(p)) {
		struct content *content;
		char buffer[4096];
		uint64_t at = 0;
		size_t len;
		ssize_t n;
		char *packed = pack(p, bytes, SIZE, &len);

		snprintf(name, sizeof(name), "log.1%s", p->ending);
		memset(packed + len / 2, 0, 512);
		put_bytes(name, packed, len);
		content = opened(name);
		while ((n = content_read(content, buffer, sizeof(buffer), at)) > 0)
			at += (uint64_t)n;
		assert_int_equal(n, -EBADMSG);
		content_close(content);
		free(packed);
	}
	free(bytes);
}

/* gzip(1) was still at work. */
static void test_a_grown_stream_is_read_anew(void **state)
{
	char *bytes = log_bytes(), *packed;
	struct content *content;
	ssize_t last;
	size_t len;

	(void)state;
	packed = pack(&packings[0], bytes, SIZE, &len);
	put_bytes("log.1.gz", packed, len / 3);
	content = opened("log.1.gz");
	assert_true(read_on(content, bytes, &last) < SIZE);
	put_at("log.1.gz", packed + len / 3, len - len / 3, len / 3);
	content_retry(content);
	assert_int_equal(read_on(content, bytes, &last), SIZE);
	assert_int_equal(last, 0);
	content_close(content);
	free(packed);
	free(bytes);
}

/* gzip(1): "multiple compressed files can be concatenated". */
static void test_streams_one_after_the_other(void **state)
{
	char *bytes = log_bytes(), *first, *second;
	size_t first_len, second_len;
	struct content *content;

	(void)state;
	first = pack(&packings[0], bytes, SIZE / 3, &first_len);
	second = pack(&packings[0], bytes + SIZE / 3, SIZE - SIZE / 3, &second_len);
	put_bytes("log.1.gz", first, first_len);
	put_at("log.1.gz", second, second_len, first_len);
	content = opened("log.1.gz");
	assert_reads_everywhere(content, bytes);
	content_close(content);
	free(first);
	free(second);
	free(bytes);
}

static void test_beyond_4_gib(void **state)
{
	struct content *content;
	char buffer[16];

	(void)state;
	put_at("log", "far away", 8, 4 * GIB + 1);
	content = opened("log");
	assert_int_equal(content_read(content, buffer, sizeof(buffer), 4 * GIB + 1), 8);
	assert_memory_equal(buffer, "far away", 8);
	assert_int_equal(content_read(content, buffer, 4, 4 * GIB + 5), 4);
	assert_memory_equal(buffer, "away", 4);
	assert_int_equal(content_read(content, buffer, 4, 4 * GIB + 9), 0);
	content_close(content);
}

static void test_only_regular_files(void **state)
{
	struct content *untouched = (struct content *)&untouched, *content = untouched;
	size_t before = open_descriptors();

	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(mkdir("directory", 0700), 0);
	assert_int_equal(content_open("fifo", &content), -EINVAL);
	assert_int_equal(content_open("directory", &content), -EINVAL);
	assert_int_equal(content_open("missing", &content), -ENOENT);
	assert_ptr_equal(content, untouched);
	assert_int_equal(open_descriptors(), before);
}

static void test_stat_is_of_the_open_file(void **state)
{
	struct content *content;
	struct stat st;

	(void)state;
	put("log", "12345");
	content = opened("log");
	assert_int_equal(rename("log", "log.1"), 0);
	put("log", "other");
	append("log.1", "67");
	assert_int_equal(content_stat(content, &st), 0);
	assert_int_equal(st.st_size, 7);
	content_close(content);
}

static void test_writers_are_seen(void **state)
{
	struct content *content;
	int fd;

	(void)state;
	signal(SIGIO, SIG_IGN);
	put("log", "x\n");
	content = opened("log");
	fd = open("log", O_WRONLY | O_CLOEXEC);
	assert_int_equal(content_has_writer(content), 1);
	close(fd);
	fd = open("log", O_RDONLY | O_CLOEXEC);
	if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0) {
		close(fd);
		content_close(content);
		skip(); /* this file system has no leases */
	}
	close(fd);
	assert_int_equal(content_has_writer(content), 0);
	/* The lease is not held: a writer need not wait. */
	fd = open("log", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(content_has_writer(content), 1);
	close(fd);
	content_close(content);
}

static void test_names_of_packed_files(void **state)
{
	(void)state;
	for (EACH_PACKING(p)) {
		char name[16];

		snprintf(name, sizeof(name), "log%s", p->ending);
		assert_true(unpack_name(name));
		assert_false(unpack_name(p->ending));
	}
	assert_false(unpack_name("log"));
	assert_false(unpack_name("log.gz.1"));
	assert_false(unpack_name("loggz"));
	assert_false(unpack_name(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOM_TEST(test_plain_at_any_offset),
		ROOM_TEST(test_packed_at_any_offset_as_if_plain),
		ROOM_TEST(test_packed_nothing),
		ROOM_TEST(test_cut_streams_are_told),
		ROOM_TEST(test_cut_gz_gives_what_comes_before),
		ROOM_TEST(test_wrong_checksum_of_gz),
		ROOM_TEST(test_zeros_within_a_stream_are_told),
		ROOM_TEST(test_a_grown_stream_is_read_anew),
		ROOM_TEST(test_streams_one_after_the_other),
		ROOM_TEST(test_beyond_4_gib),
		ROOM_TEST(test_only_regular_files),
		ROOM_TEST(test_stat_is_of_the_open_file),
		ROOM_TEST(test_writers_are_seen),
		cmocka_unit_test(test_names_of_packed_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
