#include "lines/content.h"
#include "base/file.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNPACK_BLOCK (64u << 10)

struct content {
	int fd;
	bool packed;
	/* Of a compressed file only: libarchive goes forwards, a step back starts anew. */
	struct archive *archive;
	uint64_t position; /* of the next byte to unpack */
	bool broken;
	/* The last bytes before the position: a reader steps back a little each time, to the
	 * beginning of an incomplete line and the tail of its place. */
	char *recent;
	size_t recent_len, recent_size;
};

bool content_packed_name(const char *path)
{
	static const char *const endings[] = { ".gz", ".xz", ".zst", ".bz2", ".lz4" };
	size_t len = strlen(path);

	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		size_t ending = strlen(endings[i]);

		if (len > ending && strcmp(path + len - ending, endings[i]) == 0)
			return true;
	}
	return false;
}

static int open_regular(const char *path)
{
	struct stat st;
	/* O_NONBLOCK: a FIFO at this path must not stop us. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -EINVAL;
}

int content_open(const char *path, struct content **content)
{
	struct content *opened;
	int fd = open_regular(path);

	if (fd < 0)
		return fd;
	opened = calloc(1, sizeof(*opened));
	if (!opened) {
		close(fd);
		return -ENOMEM;
	}
	opened->fd = fd;
	opened->packed = content_packed_name(path);
	*content = opened;
	return 0;
}

static void unpack_stop(struct content *content)
{
	if (content->archive)
		archive_read_free(content->archive);
	content->archive = NULL;
	content->position = 0;
	content->recent_len = 0;
}

static int unpack_start(struct content *content)
{
	struct archive_entry *entry;

	unpack_stop(content);
	if (lseek(content->fd, 0, SEEK_SET) < 0)
		return -errno;
	content->archive = archive_read_new();
	if (!content->archive)
		return -ENOMEM;
	archive_read_support_filter_all(content->archive);
	archive_read_support_format_raw(content->archive);
	archive_read_support_format_empty(content->archive);
	if (archive_read_open_fd(content->archive, content->fd, UNPACK_BLOCK) != ARCHIVE_OK)
		return -EBADMSG;
	switch (archive_read_next_header(content->archive, &entry)) {
	case ARCHIVE_OK:
	case ARCHIVE_WARN:
	case ARCHIVE_EOF:
		return 0;
	default:
		return -EBADMSG;
	}
}

/* The next bytes of the stream, in order; a count, 0 at its end. */
static ssize_t unpack_next(struct content *content, void *buffer, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = archive_read_data(content->archive, (char *)buffer + done, len - done);

		if (n == 0)
			break;
		if (n == ARCHIVE_RETRY)
			continue;
		if (n < 0) {
			content->broken = true;
			break;
		}
		done += (size_t)n;
	}
	content->position += done;
	return done == 0 && content->broken ? -EBADMSG : (ssize_t)done;
}

static int unpack_forward(struct content *content, uint64_t offset)
{
	char skipped[UNPACK_BLOCK];

	while (content->position < offset) {
		uint64_t left = offset - content->position;
		ssize_t n = unpack_next(
			content, skipped, left < sizeof(skipped) ? left : sizeof(skipped));

		content->recent_len = 0;
		if (n <= 0)
			return (int)n;
	}
	return 0;
}

static int remember(struct content *content, const char *bytes, size_t len)
{
	if (content->recent_len + len > content->recent_size) {
		char *larger = realloc(content->recent, content->recent_len + len);

		if (!larger)
			return -ENOMEM;
		content->recent = larger;
		content->recent_size = content->recent_len + len;
	}
	memcpy(content->recent + content->recent_len, bytes, len);
	content->recent_len += len;
	return 0;
}

/* Serves what is still remembered, and forgets what comes before it. */
static size_t recall(struct content *content, char *buffer, size_t len, uint64_t offset)
{
	size_t back = (size_t)(content->position - offset);

	memmove(content->recent, content->recent + content->recent_len - back, back);
	content->recent_len = back;
	if (len > back)
		len = back;
	memcpy(buffer, content->recent, len);
	return len;
}

static ssize_t unpack_on(struct content *content, char *buffer, size_t len, uint64_t offset)
{
	size_t recalled = 0;
	ssize_t n;
	int error;

	if (offset < content->position)
		recalled = recall(content, buffer, len, offset);
	if (recalled == len || content->broken)
		return recalled == 0 && len > 0 ? -EBADMSG : (ssize_t)recalled;
	n = unpack_next(content, buffer + recalled, len - recalled);
	if (n < 0)
		return recalled ? (ssize_t)recalled : n;
	error = n > 0 ? remember(content, buffer + recalled, (size_t)n) : 0;
	return error ? error : (ssize_t)recalled + n;
}

static ssize_t unpack_at(struct content *content, void *buffer, size_t len, uint64_t offset)
{
	int error = 0;

	if (!content->archive || offset + content->recent_len < content->position)
		error = unpack_start(content);
	if (!error)
		error = unpack_forward(content, offset);
	if (error) {
		content->broken = error == -EBADMSG;
		return error;
	}
	if (content->position < offset)
		return 0; /* it ends before */
	return unpack_on(content, buffer, len, offset);
}

ssize_t content_read(void *content, void *buffer, size_t len, uint64_t offset)
{
	struct content *from = content;

	if (from->packed)
		return unpack_at(from, buffer, len, offset);
	return file_read_at(from->fd, buffer, len, (off_t)offset);
}

int content_stat(const struct content *content, struct stat *st)
{
	return fstat(content->fd, st) < 0 ? -errno : 0;
}

bool content_packed(const struct content *content)
{
	return content->packed;
}

void content_retry(struct content *content)
{
	content->broken = false;
	unpack_stop(content);
}

bool content_has_writer(const struct content *content)
{
	if (fcntl(content->fd, F_SETLEASE, F_RDLCK) < 0)
		return true;
	fcntl(content->fd, F_SETLEASE, F_UNLCK);
	return false;
}

void content_close(struct content *content)
{
	if (!content)
		return;
	unpack_stop(content);
	free(content->recent);
	close(content->fd);
	free(content);
}
