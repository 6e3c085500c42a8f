#include "lines/pack.h"
#include "lines/libarchive.h"

#include <errno.h>
#include <stddef.h>
#include <sys/types.h>
#include <unistd.h>

#define BLOCK ((size_t)64 << 10)

static const struct {
	const char *ending;
	const char *filter; /* as archive_write_add_filter_by_name(3) knows it */
} formats[PACK_FORMATS] = {
	[PACK_NONE] = { "", NULL },
	[PACK_GZ] = { ".gz", "gzip" },
	[PACK_XZ] = { ".xz", "xz" },
	[PACK_ZST] = { ".zst", "zstd" },
	[PACK_BZ2] = { ".bz2", "bzip2" },
	[PACK_LZ4] = { ".lz4", "lz4" },
};

const char *pack_ending(enum pack_format format)
{
	return formats[format].ending;
}

static int failure(const struct libarchive *library, struct archive *archive)
{
	int error = library->archive_errno(archive);

	return error > 0 ? -error : -EIO;
}

/* A file of no name and no size: the raw format takes the content alone. */
static int begin(
	const struct libarchive *library, struct archive *archive, const char *filter, int to)
{
	struct archive_entry *entry = library->archive_entry_new();
	int r = ARCHIVE_FATAL;

	if (!entry)
		return -ENOMEM;
	library->archive_entry_set_filetype(entry, AE_IFREG);
	if (library->archive_write_add_filter_by_name(archive, filter) == ARCHIVE_OK &&
		library->archive_write_set_format_raw(archive) == ARCHIVE_OK &&
		library->archive_write_set_options(archive, "compression-level=1") == ARCHIVE_OK &&
		library->archive_write_open_fd(archive, to) == ARCHIVE_OK)
		r = library->archive_write_header(archive, entry);
	library->archive_entry_free(entry);
	return r == ARCHIVE_OK ? 0 : failure(library, archive);
}

static int pack_content(const struct libarchive *library, struct archive *archive, int from)
{
	char block[BLOCK];
	ssize_t n;

	while ((n = TEMP_FAILURE_RETRY(read(from, block, sizeof(block)))) > 0)
		if (library->archive_write_data(archive, block, (size_t)n) != n)
			return failure(library, archive);
	if (n < 0)
		return -errno;
	return library->archive_write_close(archive) == ARCHIVE_OK ? 0 : failure(library, archive);
}

int pack_file(enum pack_format format, int from, int to)
{
	struct libarchive library;
	struct archive *archive;
	int r = libarchive_load(&library);

	if (r < 0)
		return r;
	archive = library.archive_write_new();
	r = archive ? begin(&library, archive, formats[format].filter, to) : -ENOMEM;
	if (r == 0)
		r = pack_content(&library, archive, from);
	if (archive)
		library.archive_write_free(archive);
	libarchive_unload(&library);
	return r == 0 && fsync(to) < 0 ? -errno : r;
}
