/*
 * client: what a super-daemon's client gets on descriptor 1 (-i).
 *
 * Accepted is sent; durable is acknowledged, which a client does by closing only after it has
 * seen our end: we shut our side down, then its end of file comes, and then nothing that we
 * sent is unacknowledged. One that closed its side before has acknowledged nothing. If
 * descriptor 1 is no socket, written is durable.
 *
 * Option: timeout (seconds to wait for the client's end, 30).
 */
#include "base/clock.h"
#include "handlers/builtin.h"
#include "handlers/line_stream.h"
#include "handlers/say.h"
#include "handlers/settings.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define TIMEOUT_MOST 86400

struct client {
	struct line_stream stream;
	bool sent; /* anything */
	unsigned long timeout_s;
};

/* 0 or -EINVAL. */
static int get_timeout(const struct lk_settings *settings, unsigned long *seconds)
{
	const char *text = lk_option(settings, "timeout", NULL);
	char *end;

	*seconds = 30;
	if (!text)
		return 0;
	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	*seconds = strtoul(text, &end, 10);
	return *end || *seconds > TIMEOUT_MOST ? -EINVAL : 0;
}

static int client_check(const struct lk_settings *settings, char *reason, size_t size)
{
	static const char *const names[] = { "timeout", NULL };
	unsigned long seconds;
	int error = only_options(settings, names, reason, size);

	if (!error && get_timeout(settings, &seconds) < 0)
		return refuse(reason, size, -EINVAL, "timeout: not a number of seconds up to %d",
			TIMEOUT_MOST);
	return error;
}

static int client_open(const struct lk_settings *settings, const struct lk_resume *resume,
	void **state, char *reason, size_t size)
{
	struct client *client;
	int error = client_check(settings, reason, size);

	(void)resume;
	if (error)
		return error;
	client = calloc(1, sizeof(*client));
	if (!client)
		return refuse(reason, size, -ENOMEM, "%s", strerror(ENOMEM));
	get_timeout(settings, &client->timeout_s);
	error = line_stream_init(&client->stream, STDOUT_FILENO);
	if (error) {
		free(client);
		return refuse(reason, size, error, "client: %s", strerror(-error));
	}
	*state = client;
	return 0;
}

static enum lk_verdict verdict(int error, struct lk_result *result)
{
	if (error == 0)
		return LK_OK;
	if (error == -EAGAIN)
		return LK_LATER;
	return fail(result, "client: %s", strerror(-error));
}

static enum lk_verdict client_process(
	void *state, const struct lk_batch *batch, struct lk_result *result)
{
	struct client *client = state;
	int error = line_stream_put(&client->stream, batch->lines, batch->count, &result->accepted);

	client->sent = true;
	if (error == -EAGAIN && result->accepted == batch->count)
		return LK_OK;
	return verdict(error, result);
}

/* Reads away what the client sent. 0: its end of file. -EAGAIN: nothing more now. */
static int drain(int fd, uint64_t deadline_ns)
{
	char ignored[4096];

	for (;;) {
		ssize_t n = TEMP_FAILURE_RETRY(recv(fd, ignored, sizeof(ignored), MSG_DONTWAIT));

		if (n <= 0)
			return n < 0 ? -errno : 0;
		if (clock_monotonic_ns() >= deadline_ns)
			return -ETIMEDOUT;
	}
}

/* 0 when the client has closed its side, else a negative errno. */
static int await_end(int fd, uint64_t deadline_ns)
{
	for (;;) {
		struct pollfd end = { .fd = fd, .events = POLLIN };
		int error = drain(fd, deadline_ns);
		uint64_t now = clock_monotonic_ns();

		if (error != -EAGAIN)
			return error;
		if (now >= deadline_ns)
			return -ETIMEDOUT;
		if (poll(&end, 1, (int)((deadline_ns - now) / NS_PER_MS) + 1) < 0 && errno != EINTR)
			return -errno;
	}
}

/* 0 when the other side's kernel has taken all that was sent, else a negative errno. */
static int all_acknowledged(int fd)
{
	int error = 0, unsent = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return -errno;
	if (error)
		return -error;
	if (ioctl(fd, SIOCOUTQ, &unsent) < 0)
		return -errno;
	return unsent ? -ECONNABORTED : 0;
}

static enum lk_verdict await_acknowledgement(const struct client *client, struct lk_result *result)
{
	uint64_t deadline_ns = clock_monotonic_ns() + client->timeout_s * NS_PER_S;
	int fd = client->stream.fd, error = drain(fd, deadline_ns);

	if (error == 0)
		return fail(result, "client: closed first, so it has acknowledged nothing");
	if (error == -EAGAIN && shutdown(fd, SHUT_WR) < 0)
		error = -errno;
	if (error == -EAGAIN)
		error = await_end(fd, deadline_ns);
	if (error == 0)
		error = all_acknowledged(fd);
	return error ? fail(result, "client: %s", strerror(-error)) : LK_OK;
}

static enum lk_verdict client_commit(void *state, struct lk_token *token, struct lk_result *result)
{
	struct client *client = state;
	enum lk_verdict flushed = verdict(line_stream_flush(&client->stream), result);

	(void)token;
	if (flushed != LK_OK || !client->sent || client->stream.way != STREAM_SOCKET)
		return flushed;
	return await_acknowledgement(client, result);
}

static int client_poll(void *state, short *events)
{
	const struct client *client = state;

	*events = POLLOUT;
	return client->stream.fd;
}

static void client_close(void *state)
{
	struct client *client = state;

	line_stream_free(&client->stream);
	free(client);
}

const struct lk_handler client_handler = {
	.abi = LINEKEEPER_HANDLER_ABI,
	.name = "client",
	.check = client_check,
	.open = client_open,
	.process = client_process,
	.commit = client_commit,
	.poll = client_poll,
	.close = client_close,
};
