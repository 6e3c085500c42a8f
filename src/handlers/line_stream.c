#include "handlers/line_stream.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* Stretches of memory for one system call. */
struct gathered {
	struct iovec piece[IOV_MAX];
	size_t pieces, bytes;
};

int line_stream_init(struct line_stream *stream, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	*stream = (struct line_stream){ .fd = fd };
	if (S_ISSOCK(st.st_mode))
		stream->way = STREAM_SOCKET;
	else if (S_ISFIFO(st.st_mode) || isatty(fd))
		stream->way = STREAM_POLLED;
	return 0;
}

void line_stream_free(struct line_stream *stream)
{
	free(stream->rest);
	*stream = (struct line_stream){ .fd = -1 };
}

static void add_piece(struct gathered *gathered, const char *data, size_t len)
{
	struct iovec *last = &gathered->piece[gathered->pieces];

	gathered->bytes += len;
	if (gathered->pieces > 0 && (char *)last[-1].iov_base + last[-1].iov_len == data) {
		last[-1].iov_len += len;
		return;
	}
	*last = (struct iovec){ .iov_base = (void *)(uintptr_t)data, .iov_len = len };
	gathered->pieces++;
}

static void cut(struct gathered *gathered, size_t limit)
{
	while (gathered->bytes > limit) {
		struct iovec *last = &gathered->piece[gathered->pieces - 1];
		size_t over = gathered->bytes - limit;

		if (over < last->iov_len) {
			last->iov_len -= over;
			gathered->bytes -= over;
		} else {
			gathered->bytes -= last->iov_len;
			gathered->pieces--;
		}
	}
}

/* The lines behind the first `skip` bytes, at most `limit` bytes. */
static void gather(struct gathered *gathered, const struct lk_line *lines, size_t count,
	size_t skip, size_t limit)
{
	gathered->pieces = gathered->bytes = 0;
	for (size_t i = 0; i < count; i++, skip = 0) {
		const struct lk_line *line = &lines[i];
		bool ended = line->flags & LK_LINE_NEWLINE;
		size_t len = line->len + (ended ? 1 : 0);

		if (gathered->pieces + 2 > IOV_MAX || gathered->bytes >= limit)
			break;
		if (skip < len)
			add_piece(gathered, line->data + skip, len - skip);
		if (!ended)
			add_piece(gathered, "\n", 1);
	}
	cut(gathered, limit);
}

static ssize_t write_once(const struct line_stream *stream, struct iovec *piece, size_t pieces)
{
	struct msghdr message = { .msg_iov = piece, .msg_iovlen = pieces };
	ssize_t n;

	if (stream->way == STREAM_SOCKET)
		n = TEMP_FAILURE_RETRY(sendmsg(stream->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL));
	else
		n = TEMP_FAILURE_RETRY(writev(stream->fd, piece, (int)pieces));
	if (n == 0)
		return -EAGAIN;
	return n < 0 ? -errno : n;
}

/* How many bytes may be written now: a pipe that polls writable takes PIPE_BUF, see pipe(7). */
static size_t room(const struct line_stream *stream)
{
	struct pollfd fd = { .fd = stream->fd, .events = POLLOUT };

	if (stream->way != STREAM_POLLED)
		return SSIZE_MAX;
	return poll(&fd, 1, 0) > 0 ? PIPE_BUF : 0;
}

/* Bytes written of the lines behind the first `skip` bytes, or a negative errno. */
static ssize_t write_some(
	struct line_stream *stream, const struct lk_line *lines, size_t count, size_t skip)
{
	struct gathered gathered;
	size_t limit = room(stream);

	if (limit == 0)
		return -EAGAIN;
	gather(&gathered, lines, count, skip, limit);
	return write_once(stream, gathered.piece, gathered.pieces);
}

/* How many lines, of which `*skip` bytes were out already, are whole with `written` more; then
 * *skip is what is out of the next one. */
static size_t whole_lines(const struct lk_line *lines, size_t written, size_t *skip)
{
	size_t whole = 0;

	for (written += *skip; written > 0 && written > lines[whole].len; whole++)
		written -= lines[whole].len + 1;
	*skip = written;
	return whole;
}

/* Room for `len` bytes of rest, none of them out yet. */
static int reserve(struct line_stream *stream, size_t len)
{
	if (len > stream->rest_room) {
		char *bigger = realloc(stream->rest, len);

		if (!bigger)
			return -ENOMEM;
		stream->rest = bigger;
		stream->rest_room = len;
	}
	stream->rest_len = len;
	stream->rest_done = 0;
	return 0;
}

int line_stream_begin(struct line_stream *stream, const char *data, size_t len)
{
	int error = reserve(stream, len);

	if (!error)
		memcpy(stream->rest, data, len);
	return error;
}

/* Keeps what is left of a line behind its first `skip` bytes. */
static int keep_rest(struct line_stream *stream, const struct lk_line *line, size_t skip)
{
	int error = reserve(stream, line->len + 1);

	if (error)
		return error;
	memcpy(stream->rest, line->data, line->len);
	stream->rest[line->len] = '\n';
	stream->rest_done = skip;
	return 0;
}

int line_stream_put(
	struct line_stream *stream, const struct lk_line *lines, size_t count, size_t *accepted)
{
	size_t done = 0, skip = 0;
	int error = line_stream_flush(stream);

	while (!error && done < count) {
		ssize_t n = write_some(stream, lines + done, count - done, skip);

		if (n < 0)
			error = (int)n;
		else
			done += whole_lines(lines + done, (size_t)n, &skip);
	}
	if (skip > 0) {
		int out_of_memory = keep_rest(stream, &lines[done++], skip);

		if (out_of_memory)
			error = out_of_memory;
	}
	*accepted = done;
	return error;
}

int line_stream_flush(struct line_stream *stream)
{
	while (stream->rest_done < stream->rest_len) {
		size_t left = stream->rest_len - stream->rest_done, most = room(stream);
		struct iovec piece = { .iov_base = stream->rest + stream->rest_done,
			.iov_len = left < most ? left : most };
		ssize_t n = most > 0 ? write_once(stream, &piece, 1) : -EAGAIN;

		if (n < 0)
			return (int)n;
		stream->rest_done += (size_t)n;
	}
	stream->rest_len = stream->rest_done = 0;
	return 0;
}
