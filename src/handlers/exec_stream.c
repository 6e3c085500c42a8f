/*
 * exec, mode "stream": lines to the standard input of one long-lived child.
 *
 * Accepted is written to its pipe; durable is drained from it by the child. What the child has
 * read but not yet dealt with when it dies is at risk, nothing else.
 */
#include "handlers/child.h"
#include "handlers/exec.h"
#include "handlers/line_stream.h"
#include "handlers/say.h"
#include "handlers/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define END_GRACE_MS 1000
#define NOTICE_MS 200 /* between a child's closed input and its end */

struct stream {
	char **command;
	struct child child;
	struct line_stream lines;
	bool full; /* waiting for room in the pipe, not for its draining */
};

/* The child with a pipe to its standard input; returns our end or a negative errno. */
static int start(struct stream *stream)
{
	int pipe_ends[2], error;
	struct child_fd input = { .to = STDIN_FILENO };
	struct child_setup setup = { .command = stream->command, .fds = &input, .fd_count = 1 };

	if (pipe2(pipe_ends, O_CLOEXEC) < 0)
		return -errno;
	input.from = pipe_ends[0];
	error = child_start(&stream->child, &setup);
	close(pipe_ends[0]);
	/* Ours alone: the child's end keeps its own flags. */
	if (!error && fcntl(pipe_ends[1], F_SETFL, O_NONBLOCK) < 0) {
		error = -errno;
		child_stop(&stream->child, 0);
	}
	if (error)
		close(pipe_ends[1]);
	return error ? error : pipe_ends[1];
}

static int stream_open(const struct lk_settings *settings, const struct lk_resume *resume,
	void **state, char *reason, size_t size)
{
	struct stream *stream = calloc(1, sizeof(*stream));
	int fd = -ENOMEM;

	(void)resume;
	if (!stream)
		return refuse(reason, size, -ENOMEM, "%s", strerror(ENOMEM));
	stream->command = option_values(settings, "command");
	if (stream->command)
		fd = start(stream);
	if (fd < 0) {
		free(stream->command);
		free(stream);
		return refuse(reason, size, fd, "%s: %s", lk_option(settings, "command", NULL),
			strerror(-fd));
	}
	stream->lines = (struct line_stream){ .fd = fd, .way = STREAM_PLAIN };
	*state = stream;
	return 0;
}

/* Has the child ended, or closed its input, after which nobody will drain the pipe? */
static bool is_gone(const struct stream *stream)
{
	struct pollfd input = { .fd = stream->lines.fd };

	return child_ended(&stream->child, 0) || poll(&input, 1, 0) > 0;
}

static enum lk_verdict gone(const struct stream *stream, struct lk_result *result)
{
	char outcome[128] = "closed its standard input";
	bool success;

	if (child_ended(&stream->child, NOTICE_MS))
		child_outcome(&stream->child, &success, outcome, sizeof(outcome));
	return fail(result, "%s: %s", stream->command[0], outcome);
}

static enum lk_verdict verdict(struct stream *stream, int error, struct lk_result *result)
{
	if (error == -EPIPE)
		return gone(stream, result);
	stream->full = error == -EAGAIN;
	if (error == -EAGAIN)
		return LK_LATER;
	return error ? fail(result, "%s: %s", stream->command[0], strerror(-error)) : LK_OK;
}

static enum lk_verdict stream_process(
	void *state, const struct lk_batch *batch, struct lk_result *result)
{
	struct stream *stream = state;
	int error;

	if (is_gone(stream))
		return gone(stream, result);
	error = line_stream_put(&stream->lines, batch->lines, batch->count, &result->accepted);
	if (error == -EAGAIN && result->accepted == batch->count)
		return LK_OK;
	return verdict(stream, error, result);
}

static enum lk_verdict stream_commit(void *state, struct lk_token *token, struct lk_result *result)
{
	struct stream *stream = state;
	enum lk_verdict flushed = verdict(stream, line_stream_flush(&stream->lines), result);
	int unread;

	(void)token;
	if (flushed != LK_OK)
		return flushed;
	if (ioctl(stream->lines.fd, FIONREAD, &unread) < 0)
		return fail(result, "%s: %s", stream->command[0], strerror(errno));
	/* Asked after the draining: a child that is alive now has not died of these lines. */
	if (is_gone(stream))
		return gone(stream, result);
	return unread == 0 ? LK_OK : LK_LATER;
}

static int stream_poll(void *state, short *events)
{
	const struct stream *stream = state;

	*events = POLLOUT;
	return stream->full ? stream->lines.fd : -1;
}

static void stream_close(void *state)
{
	struct stream *stream = state;

	close(stream->lines.fd);
	line_stream_free(&stream->lines);
	child_stop(&stream->child, END_GRACE_MS);
	free(stream->command);
	free(stream);
}

const struct lk_handler exec_stream = {
	.abi = LINEKEEPER_HANDLER_ABI,
	.name = "exec",
	.open = stream_open,
	.process = stream_process,
	.commit = stream_commit,
	.poll = stream_poll,
	.close = stream_close,
};
