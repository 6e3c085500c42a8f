#include "lines/unpack.h"
#include "lines/libarchive.h"
#include "lines/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define BLOCK (64u << 10)
#define SHORTEST 32 /* bytes: less may be the beginning of a header, and is no log either */

struct unpack {
	gzFile gz; /* one of the two */
	struct archive *archive;
	struct libarchive library;
	int fd;
	char *block;    /* what libarchive is given of the file */
	int read_error; /* what read(2) said last, which libarchive may take for a wrong format */
	bool ended;
	int error; /* met behind the last bytes given */
};

static bool ends_with(const char *path, const char *ending)
{
	size_t len = strlen(path), last = strlen(ending);

	return len > last && strcmp(path + len - last, ending) == 0;
}

bool unpack_name(const char *path)
{
	for (enum pack_format format = PACK_GZ; format < PACK_FORMATS; format++)
		if (ends_with(path, pack_ending(format)))
			return true;
	return false;
}

/* A file with the name of a compressed one that is not is text, unless it has only just been begun.
 */
static int check_begun(int fd, bool plain)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	return st.st_size == 0 || (plain && st.st_size < SHORTEST) ? -EBADMSG : 0;
}

static int open_gz(struct unpack *unpack, int fd)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0); /* gzclose() closes it */

	if (own < 0)
		return -errno;
	unpack->gz = gzdopen(own, "rbe");
	if (!unpack->gz) {
		close(own);
		return -ENOMEM;
	}
	gzbuffer(unpack->gz, BLOCK);
	return check_begun(fd, gzdirect(unpack->gz));
}

static la_ssize_t read_block(struct archive *archive, void *context, const void **bytes)
{
	struct unpack *unpack = context;
	ssize_t n;

	(void)archive;
	do
		n = read(unpack->fd, unpack->block, BLOCK);
	while (n < 0 && errno == EINTR);
	unpack->read_error = n < 0 ? -errno : 0;
	*bytes = unpack->block;
	return n < 0 ? ARCHIVE_FATAL : n;
}

static int archive_failure(const struct unpack *unpack)
{
	if (unpack->read_error)
		return unpack->read_error;
	return unpack->library.archive_errno(unpack->archive) == ENOMEM ? -ENOMEM : -EBADMSG;
}

static int open_archive(struct unpack *unpack, int fd)
{
	const struct libarchive *library = &unpack->library;
	struct archive_entry *entry;
	int error = libarchive_load(&unpack->library);

	if (error)
		return error;
	unpack->fd = fd;
	unpack->block = malloc(BLOCK);
	unpack->archive = library->archive_read_new();
	if (!unpack->archive || !unpack->block)
		return -ENOMEM;
	library->archive_read_support_filter_all(unpack->archive);
	library->archive_read_support_format_raw(unpack->archive);
	library->archive_read_support_format_empty(unpack->archive);
	if (library->archive_read_open(unpack->archive, unpack, NULL, read_block, NULL) !=
		ARCHIVE_OK)
		return archive_failure(unpack);
	switch (library->archive_read_next_header(unpack->archive, &entry)) {
	case ARCHIVE_EOF:
		unpack->ended = true;
		break;
	case ARCHIVE_OK:
	case ARCHIVE_WARN:
		break;
	default:
		return archive_failure(unpack);
	}
	return check_begun(
		fd, library->archive_filter_code(unpack->archive, 0) == ARCHIVE_FILTER_NONE);
}

int unpack_open(const char *path, int fd, struct unpack **unpack)
{
	struct unpack *made;
	int error;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	error = ends_with(path, pack_ending(PACK_GZ)) ? open_gz(made, fd) : open_archive(made, fd);
	if (error)
		unpack_close(made);
	else
		*unpack = made;
	return error;
}

/* A count, 0 at the end, or a negative errno. */
static ssize_t next_gz(struct unpack *unpack, void *buffer, size_t len)
{
	int n = gzread(unpack->gz, buffer, len > BLOCK ? BLOCK : (unsigned)len), error = Z_OK;

	if (n > 0)
		return n;
	gzerror(unpack->gz, &error);
	switch (error) {
	case Z_OK:
	case Z_STREAM_END:
		return n == 0 ? 0 : -EBADMSG;
	case Z_ERRNO:
		return -EIO; /* what read(2) said is not kept */
	case Z_MEM_ERROR:
		return -ENOMEM;
	default:
		return -EBADMSG;
	}
}

static ssize_t next_archive(struct unpack *unpack, void *buffer, size_t len)
{
	ssize_t n;

	do
		n = unpack->library.archive_read_data(unpack->archive, buffer, len);
	while (n == ARCHIVE_RETRY);
	return n < 0 ? archive_failure(unpack) : n;
}

ssize_t unpack_next(struct unpack *unpack, void *buffer, size_t len)
{
	size_t done = 0;

	while (done < len && !unpack->ended && !unpack->error) {
		char *to = (char *)buffer + done;
		ssize_t n = unpack->gz ? next_gz(unpack, to, len - done)
				       : next_archive(unpack, to, len - done);

		unpack->ended = n == 0;
		unpack->error = n < 0 ? (int)n : 0;
		if (n > 0)
			done += (size_t)n;
	}
	return done == 0 && unpack->error ? unpack->error : (ssize_t)done;
}

void unpack_close(struct unpack *unpack)
{
	if (!unpack)
		return;
	if (unpack->gz)
		gzclose(unpack->gz);
	if (unpack->archive)
		unpack->library.archive_read_free(unpack->archive);
	libarchive_unload(&unpack->library);
	free(unpack->block);
	free(unpack);
}
