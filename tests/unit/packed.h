/* Writes compressed files. */
#ifndef PACKED_H
#define PACKED_H

#include "room.h"

#include <archive.h>
#include <archive_entry.h>

struct packing {
	const char *ending;
	int (*add_filter)(struct archive *);
};

static const struct packing packings[] = {
	{ ".gz", archive_write_add_filter_gzip },
	{ ".xz", archive_write_add_filter_xz },
	{ ".zst", archive_write_add_filter_zstd },
	{ ".bz2", archive_write_add_filter_bzip2 },
	{ ".lz4", archive_write_add_filter_lz4 },
};

#define EACH_PACKING(p)                                                                            \
	const struct packing *p = packings;                                                        \
	p < packings + sizeof(packings) / sizeof(*packings);                                       \
	p++

/* The compressed bytes; what is returned is the caller's to free. */
static inline char *pack(
	const struct packing *packing, const char *bytes, size_t len, size_t *packed_len)
{
	size_t room = 2 * len + (64u << 10);
	char *packed = malloc(room);
	struct archive *archive = archive_write_new();
	struct archive_entry *entry = archive_entry_new();

	assert_true(packed && archive && entry);
	assert_int_equal(archive_write_set_format_raw(archive), ARCHIVE_OK);
	assert_int_equal(packing->add_filter(archive), ARCHIVE_OK);
	archive_write_set_bytes_in_last_block(archive, 1);
	assert_int_equal(archive_write_open_memory(archive, packed, room, packed_len), ARCHIVE_OK);
	archive_entry_set_pathname(entry, "log");
	archive_entry_set_filetype(entry, AE_IFREG);
	assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(archive, bytes, len), len);
	assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
	archive_entry_free(entry);
	archive_write_free(archive);
	return packed;
}

static inline void put_packed(
	const char *name, const struct packing *packing, const char *bytes, size_t len)
{
	size_t packed_len;
	char *packed = pack(packing, bytes, len, &packed_len);

	put_bytes(name, packed, packed_len);
	free(packed);
}

#endif
