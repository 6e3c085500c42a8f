/* Compressed files, written and read back. */
#include "lines/pack.h"

#include "room.h"

#include "lines/content.h"

#include <errno.h>

static char *make_text(size_t *len)
{
	char *text;
	FILE *out = open_memstream(&text, len);

	assert_non_null(out);
	for (int i = 0; i < 20000; i++)
		fprintf(out, "line %d of a log that is longer than a block\n", i * 7919);
	fclose(out);
	return text;
}

static int pack_into(enum pack_format format, const char *name)
{
	int from = open("plain", O_RDONLY | O_CLOEXEC),
	    to = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), r;

	assert_true(from >= 0 && to >= 0);
	r = pack_file(format, from, to);
	close(from);
	close(to);
	return r;
}

static void assert_content(const char *name, const char *text, size_t len)
{
	char *got = malloc(len + 1);
	struct content *content;

	assert_non_null(got);
	assert_int_equal(content_open(name, &content), 0);
	assert_true(content_packed(content));
	assert_int_equal(content_read(content, got, len + 1, 0), len);
	assert_memory_equal(got, text, len);
	content_close(content);
	free(got);
}

static void each_format_reads_back(void **state)
{
	size_t len;
	char *text = make_text(&len), name[32];
	struct stat st;

	(void)state;
	put_bytes("plain", text, len);
	for (enum pack_format format = PACK_GZ; format < PACK_FORMATS; format++) {
		snprintf(name, sizeof(name), "log.1%s", pack_ending(format));
		assert_int_equal(pack_into(format, name), 0);
		assert_content(name, text, len);
		assert_int_equal(stat(name, &st), 0);
		assert_in_range(st.st_size, 1, (intmax_t)len / 2);
	}
	free(text);
}

static void nothing_is_packed_as_well(void **state)
{
	(void)state;
	put("plain", "");
	assert_int_equal(pack_into(PACK_XZ, "log.1.xz"), 0);
	assert_content("log.1.xz", "", 0);
}

static void a_full_disk_is_told(void **state)
{
	size_t len;
	char *text = make_text(&len);

	(void)state;
	put_bytes("plain", text, len);
	for (enum pack_format format = PACK_GZ; format < PACK_FORMATS; format++)
		assert_int_equal(pack_into(format, "/dev/full"), -ENOSPC);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOM_TEST(each_format_reads_back),
		ROOM_TEST(nothing_is_packed_as_well),
		ROOM_TEST(a_full_disk_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
