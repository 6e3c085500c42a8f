#include "lines/content.h"
#include "base/file.h"
#include "lines/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SKIP_BLOCK (64u << 10)

struct content {
	int fd;
	char *packed; /* path of a compressed file; NULL: plain */
	/* Unpacking goes forwards, a step back starts anew; but a reader steps back a little each
	 * time, to the beginning of an incomplete line and the tail of its place. */
	struct unpack *unpack;
	uint64_t position; /* of the next byte to unpack */
	char *recent;      /* the last bytes before it */
	size_t recent_len, recent_size;
};

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
	if (unpack_name(path) && !(opened->packed = strdup(path))) {
		content_close(opened);
		return -ENOMEM;
	}
	*content = opened;
	return 0;
}

int content_open_same(const char *path, dev_t device, ino_t inode, struct content **content)
{
	struct content *opened;
	struct stat st;
	int error = content_open(path, &opened);

	if (error)
		return error == -ENOENT ? -ESTALE : error;
	error = content_stat(opened, &st);
	if (!error && (st.st_dev != device || st.st_ino != inode))
		error = -ESTALE;
	if (error)
		content_close(opened);
	else
		*content = opened;
	return error;
}

static void unpack_stop(struct content *content)
{
	unpack_close(content->unpack);
	content->unpack = NULL;
	content->position = 0;
	content->recent_len = 0;
}

static ssize_t unpack_more(struct content *content, void *buffer, size_t len)
{
	ssize_t n = unpack_next(content->unpack, buffer, len);

	if (n > 0)
		content->position += (uint64_t)n;
	else if (n < 0 && n != -EBADMSG)
		unpack_stop(content);
	return n;
}

static int unpack_forward(struct content *content, uint64_t offset)
{
	char skipped[SKIP_BLOCK];

	while (content->position < offset) {
		uint64_t left = offset - content->position;
		ssize_t n = unpack_more(
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
	if (recalled == len)
		return (ssize_t)recalled;
	n = unpack_more(content, buffer + recalled, len - recalled);
	if (n < 0)
		return recalled ? (ssize_t)recalled : n;
	error = n > 0 ? remember(content, buffer + recalled, (size_t)n) : 0;
	return error ? error : (ssize_t)recalled + n;
}

static ssize_t unpack_at(struct content *content, void *buffer, size_t len, uint64_t offset)
{
	int error = 0;

	if (!content->unpack || offset + content->recent_len < content->position) {
		unpack_stop(content);
		error = unpack_open(content->packed, content->fd, &content->unpack);
	}
	if (!error)
		error = unpack_forward(content, offset);
	if (error)
		return error;
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

int content_length(struct content *content, uint64_t *size)
{
	struct stat st = { 0 };
	char byte;
	ssize_t n;

	if (!content->packed) {
		int error = content_stat(content, &st);

		*size = (uint64_t)st.st_size;
		return error;
	}
	n = unpack_at(content, &byte, 1, UINT64_MAX / 2);
	*size = content->position;
	return n < 0 ? (int)n : 0;
}

bool content_packed(const struct content *content)
{
	return content->packed != NULL;
}

void content_retry(struct content *content)
{
	unpack_stop(content);
}

int content_has_writer(const struct content *content)
{
	if (fcntl(content->fd, F_SETLEASE, F_RDLCK) < 0)
		return errno == EAGAIN ? 1 : -errno;
	fcntl(content->fd, F_SETLEASE, F_UNLCK);
	return 0;
}

void content_close(struct content *content)
{
	if (!content)
		return;
	unpack_stop(content);
	free(content->recent);
	free(content->packed);
	close(content->fd);
	free(content);
}
