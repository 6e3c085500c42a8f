/*
 * client: what a super-daemon's client gets on descriptor 1 (-i).
 *
 * ack=close: accepted is sent; durable is acknowledged, which a client does by closing only after
 * it has seen our end: we shut our side down, then its end of file comes, and then nothing that we
 * sent is unacknowledged. One that closed its side before has acknowledged nothing. If
 * descriptor 1 is no socket, written is durable.
 *
 * ack=line: accepted and durable are the lines that the client says it has taken, see in_flight.h.
 *
 * follow=yes: the client's end of file is its leave. With ack=close nothing is acknowledged then,
 * and whoever uses it must not save how far it came.
 *
 * Options: ack ("close"), follow ("no"), timeout (seconds to wait for the client to acknowledge,
 * 30).
 */
#include "base/clock.h"
#include "handlers/builtin.h"
#include "handlers/in_flight.h"
#include "handlers/line_stream.h"
#include "handlers/peer.h"
#include "handlers/say.h"
#include "handlers/settings.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define TIMEOUT_MOST 86400

struct client {
	const struct lk_settings *settings;
	struct line_stream stream;
	bool sent; /* anything */
	bool by_line, follow;
	bool full; /* it must read before more can be sent */
	struct in_flight flight;
	unsigned long timeout_s;
	uint64_t moved_ns; /* CLOCK_MONOTONIC: when lines were last sent or taken, by line */
};

static bool option_is(const struct lk_settings *settings, const char *name, const char *value)
{
	const char *set = lk_option(settings, name, NULL);

	return set && strcmp(set, value) == 0;
}

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
	static const char *const names[] = { "ack", "follow", "timeout", NULL };
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
	client->settings = settings;
	client->by_line = option_is(settings, "ack", "line");
	client->follow = option_is(settings, "follow", "yes");
	client->moved_ns = clock_monotonic_ns();
	get_timeout(settings, &client->timeout_s);
	error = line_stream_init(&client->stream, STDOUT_FILENO);
	if (!error && client->by_line && client->stream.way != STREAM_SOCKET)
		error = -ENOTSOCK;
	if (error) {
		free(client);
		return refuse(reason, size, error, "client: %s", strerror(-error));
	}
	if (client->stream.way == STREAM_SOCKET)
		peer_watch(client->stream.fd);
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

static bool has_left(int error)
{
	return error == -EPIPE || error == -ECONNRESET || error == -ETIMEDOUT;
}

static enum lk_verdict leave(const struct client *client, int error)
{
	const struct in_flight *flight = &client->flight;

	if (client->by_line)
		tell(client->settings, error == -EPROTO ? LK_LOG_WARNING : LK_LOG_INFO,
			"client: %s; it has taken %" PRIu64 " of %" PRIu64 " lines",
			error == -EPROTO ? "sent what is no count of the lines it has"
					 : strerror(-error),
			flight->taken, flight->sent);
	return LK_DONE;
}

/* Takes what the client sent, a bounded amount. 0, or a negative errno: it is gone. */
static int hear(struct client *client)
{
	char text[4096];
	uint64_t taken = client->flight.taken;
	int error = 0;

	for (int i = 0; !error && i < 16; i++) {
		ssize_t n = TEMP_FAILURE_RETRY(
			recv(client->stream.fd, text, sizeof(text), MSG_DONTWAIT));

		if (n > 0 && client->by_line)
			error = in_flight_hear(&client->flight, text, (size_t)n);
		else if (n <= 0)
			error = n < 0 ? -errno : -EPIPE;
	}
	if (client->flight.taken > taken)
		client->moved_ns = clock_monotonic_ns();
	return error == -EAGAIN ? 0 : error;
}

/* Sends those of the batch that are not in flight yet. 0 or a negative errno. */
static int send_by_line(struct client *client, const struct lk_batch *batch, size_t sent)
{
	size_t more;
	int error =
		line_stream_put(&client->stream, batch->lines + sent, batch->count - sent, &more);

	client->full = error == -EAGAIN;
	if (more > 0)
		client->moved_ns = clock_monotonic_ns();
	if (in_flight_add(&client->flight, batch, more) < 0)
		return -ENOMEM;
	return client->full ? 0 : error;
}

static int overdue(const struct client *client)
{
	uint64_t quiet_ns = clock_monotonic_ns() - client->moved_ns;

	return quiet_ns > client->timeout_s * NS_PER_S ? -ETIMEDOUT : 0;
}

/* For the lines that are in flight, none of which is offered any more. */
static enum lk_verdict await_counts(struct client *client)
{
	int error = line_stream_flush(&client->stream);

	client->full = error == -EAGAIN;
	if (!error || client->full)
		error = hear(client);
	if (!error)
		error = overdue(client);
	return error ? leave(client, error) : LK_LATER;
}

static enum lk_verdict process_by_line(
	struct client *client, const struct lk_batch *batch, struct lk_result *result)
{
	size_t sent;
	int heard, error;

	if (!in_flight_find(&client->flight, batch, &sent))
		return await_counts(client);
	error = send_by_line(client, batch, sent);
	heard = hear(client); /* also what one that has left took before */
	result->accepted = in_flight_land(&client->flight, batch);
	if (!error)
		error = heard;
	if (!error && result->accepted == batch->count)
		return LK_OK;
	if (!error)
		error = overdue(client);
	return error ? leave(client, error) : LK_LATER;
}

static enum lk_verdict client_process(
	void *state, const struct lk_batch *batch, struct lk_result *result)
{
	struct client *client = state;
	int error;

	if (client->by_line)
		return process_by_line(client, batch, result);
	error = line_stream_put(&client->stream, batch->lines, batch->count, &result->accepted);
	client->sent = true;
	client->full = error == -EAGAIN;
	if (client->follow && has_left(error))
		return LK_DONE;
	if (client->full && result->accepted == batch->count)
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
	enum lk_verdict flushed;

	(void)token;
	if (client->by_line || client->follow)
		return LK_OK;
	flushed = verdict(line_stream_flush(&client->stream), result);
	if (flushed != LK_OK || !client->sent || client->stream.way != STREAM_SOCKET)
		return flushed;
	return await_acknowledgement(client, result);
}

static int client_poll(void *state, short *events)
{
	const struct client *client = state;

	*events = POLLOUT;
	if (client->by_line || client->follow)
		*events = client->full ? POLLIN | POLLOUT : POLLIN;
	return client->stream.fd;
}

static bool pipe_is_broken(int fd)
{
	struct pollfd out = { .fd = fd };

	return poll(&out, 1, 0) > 0 && out.revents & POLLERR;
}

/* It has sent something, has left, or can take the rest of a line. */
static enum lk_verdict client_attend(void *state, struct lk_result *result)
{
	struct client *client = state;
	int error = line_stream_flush(&client->stream);

	(void)result;
	client->full = error == -EAGAIN;
	if (client->full)
		error = 0;
	if (!error && client->stream.way == STREAM_SOCKET)
		error = hear(client);
	else if (!error && pipe_is_broken(client->stream.fd))
		error = -EPIPE;
	return error ? leave(client, error) : LK_OK;
}

static void client_close(void *state)
{
	struct client *client = state;

	line_stream_free(&client->stream);
	in_flight_free(&client->flight);
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
	.attend = client_attend,
};
