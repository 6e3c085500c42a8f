/*
 * print: lines to standard output. Written is accepted and durable.
 *
 * The terminal or pipe may be slow and belongs to others too: see line_stream.h.
 */
#include "handlers/builtin.h"
#include "handlers/line_stream.h"
#include "handlers/say.h"
#include "handlers/settings.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

static int print_check(const struct lk_settings *settings, char *reason, size_t size)
{
	static const char *const names[] = { NULL };

	return only_options(settings, names, reason, size);
}

static int print_open(const struct lk_settings *settings, const struct lk_resume *resume,
	void **state, char *reason, size_t size)
{
	struct line_stream *stream = malloc(sizeof(*stream));
	int error;

	(void)settings, (void)resume;
	if (!stream)
		return refuse(reason, size, -ENOMEM, "%s", strerror(ENOMEM));
	error = line_stream_init(stream, STDOUT_FILENO);
	if (error) {
		free(stream);
		return refuse(reason, size, error, "standard output: %s", strerror(-error));
	}
	*state = stream;
	return 0;
}

static enum lk_verdict verdict(int error, struct lk_result *result)
{
	if (error == 0)
		return LK_OK;
	if (error == -EAGAIN)
		return LK_LATER;
	return fail(result, "standard output: %s", strerror(-error));
}

static enum lk_verdict print_process(
	void *state, const struct lk_batch *batch, struct lk_result *result)
{
	int error = line_stream_put(state, batch->lines, batch->count, &result->accepted);

	if (error == -EAGAIN && result->accepted == batch->count)
		return LK_OK;
	return verdict(error, result);
}

static enum lk_verdict print_commit(void *state, struct lk_token *token, struct lk_result *result)
{
	(void)token;
	return verdict(line_stream_flush(state), result);
}

static int print_poll(void *state, short *events)
{
	const struct line_stream *stream = state;

	*events = POLLOUT;
	return stream->fd;
}

static void print_close(void *state)
{
	line_stream_free(state);
	free(state);
}

const struct lk_handler print_handler = {
	.abi = LINEKEEPER_HANDLER_ABI,
	.name = "print",
	.check = print_check,
	.open = print_open,
	.process = print_process,
	.commit = print_commit,
	.poll = print_poll,
	.close = print_close,
};
