/*
 * Lines on their way to a descriptor that may not take them all at once.
 *
 * Every line is ended by a newline, pieces of a longer one too, and lines that lie one behind
 * the other in memory go out as one stretch. A line that could only be begun counts as
 * accepted: its rest is kept and goes out before anything else, so no line is torn, doubled
 * or mixed with another.
 */
#ifndef HANDLERS_LINE_STREAM_H
#define HANDLERS_LINE_STREAM_H

#include <linekeeper/handler.h>

#include <stdbool.h>

enum stream_way {
	STREAM_PLAIN,  /* whatever write(2) takes: files, devices, our own non-blocking pipes */
	STREAM_POLLED, /* pipes and terminals that others share: O_NONBLOCK would be theirs too */
	STREAM_SOCKET,
};

struct line_stream {
	int fd; /* the caller's */
	enum stream_way way;
	char *rest; /* of the line that was begun: rest[rest_done .. rest_len) */
	size_t rest_len, rest_done, rest_room;
};

/* 0, or a negative errno: `fd` is not open. */
int line_stream_init(struct line_stream *stream, int fd);

void line_stream_free(struct line_stream *stream);

/* Hands over as many lines as go without blocking. 0 when all did, else a negative errno
 * (-EAGAIN: full). *accepted is set either way. */
int line_stream_put(
	struct line_stream *stream, const struct lk_line *lines, size_t count, size_t *accepted);

/* Puts bytes before the next line. 0 or -ENOMEM. */
int line_stream_begin(struct line_stream *stream, const char *data, size_t len);

/* Finishes the line that was begun. 0 when none is left, else a negative errno. */
int line_stream_flush(struct line_stream *stream);

#endif
