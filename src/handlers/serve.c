/*
 * serve: new lines to everybody who is connected.
 *
 * Accepted and durable is handed to whoever is there, be it nobody: what a client has not got when
 * it leaves is gone for it. A client that does not keep up has a bounded buffer, and is cut off
 * when that is full; it holds up neither the others nor the log.
 *
 * Options: listen (any number of them, see address.h), buffer (bytes for each client, 1 MiB),
 * allow_remote ("no": only what this machine can reach), passed (a listening descriptor that we
 * were given; with any of them `listen` is not looked at).
 */
#include "handlers/address.h"
#include "handlers/builtin.h"
#include "handlers/clients.h"
#include "handlers/say.h"
#include "handlers/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#define BUFFER_DEFAULT (1ul << 20)
#define EVENTS_AT_ONCE 256

struct listener {
	struct serve *serve;
	struct listener *next;
	sd_event_source *source;
	int fd;
	bool ours; /* not passed to us */
	struct address address;
};

struct serve {
	const struct lk_settings *settings;
	sd_event *event;
	struct listener *listeners;
	struct clients clients;
	bool full;        /* out of descriptors: nobody is let in until somebody leaves */
	uint64_t full_at; /* clients */
	char *text;       /* room to join the lines of a batch in */
	size_t text_room;
};

static bool remote_allowed(const struct lk_settings *settings)
{
	const char *allowed = lk_option(settings, "allow_remote", NULL);

	return allowed && strcmp(allowed, "yes") == 0;
}

static unsigned long buffer_size(const struct lk_settings *settings)
{
	const char *bytes = lk_option(settings, "buffer", NULL);

	return bytes ? strtoul(bytes, NULL, 10) : BUFFER_DEFAULT;
}

static int refuse_remote(const char *name, char *reason, size_t size)
{
	return refuse(reason, size, -EINVAL,
		"%s can be reached from other machines: set allow_remote = \"yes\" if they may",
		name);
}

static int serve_check(const struct lk_settings *settings, char *reason, size_t size)
{
	static const char *const names[] = { "listen", "buffer", "allow_remote", "passed", NULL };
	int error = only_options(settings, names, reason, size);
	const char *listen;
	size_t from = 0;

	while (!error && (listen = lk_option(settings, "listen", &from))) {
		struct address address;

		if (address_parse(listen, &address) < 0)
			return refuse(reason, size, -EINVAL,
				"listen = \"%s\": allowed are an absolute path of at most 107 "
				"bytes, 127.0.0.1:PORT and [::1]:PORT",
				listen);
		if (!address_is_local(&address) && !remote_allowed(settings))
			return refuse_remote(listen, reason, size);
	}
	return error;
}

/* --- listening --- */

static void let_in(struct serve *serve, bool on)
{
	for (struct listener *listener = serve->listeners; listener; listener = listener->next)
		sd_event_source_set_enabled(listener->source, on ? SD_EVENT_ON : SD_EVENT_OFF);
	serve->full = !on;
	serve->full_at = serve->clients.count;
}

static int on_connect(sd_event_source *source, int fd, uint32_t events, void *context)
{
	const struct listener *listener = context;
	struct serve *serve = listener->serve;
	/* cppcheck-suppress nullPointer ; who it is does not matter */
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)source, (void)events;
	if (client >= 0) {
		clients_add(&serve->clients, client);
	} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
		tell(serve->settings, LK_LOG_WARNING,
			"%s: with %" PRIu64 " clients, no more are let in until one leaves",
			strerror(errno), serve->clients.count);
		let_in(serve, false);
	}
	return 0;
}

static int add_listener(struct serve *serve, int fd, const struct address *address, bool ours)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	int error = -ENOMEM;

	if (listener)
		error = sd_event_add_io(
			serve->event, &listener->source, fd, EPOLLIN, on_connect, listener);
	if (error < 0) {
		free(listener);
		if (ours)
			close(fd);
		return error;
	}
	listener->serve = serve;
	listener->fd = fd;
	listener->ours = ours;
	listener->address = *address;
	listener->next = serve->listeners;
	serve->listeners = listener;
	return 0;
}

static int listen_at(struct serve *serve, const char *text, char *reason, size_t size)
{
	struct address address;
	int fd, error = address_parse(text, &address);

	if (error)
		return error; /* serve_check() knows better */
	fd = address_listen(&address);
	error = fd < 0 ? fd : add_listener(serve, fd, &address, true);
	return error < 0 ? refuse(reason, size, error, "%s: %s", text, strerror(-error)) : 0;
}

static int use_passed(struct serve *serve, const char *text, char *reason, size_t size)
{
	int fd = atoi(text), flags = fcntl(fd, F_GETFL);
	struct address address;

	if (flags < 0 || sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0 ||
		address_of(fd, &address))
		return refuse(reason, size, -EINVAL,
			"descriptor %d, which was passed: not a listening stream socket", fd);
	if (!address_is_local(&address) && !remote_allowed(serve->settings))
		return refuse_remote("the socket that was passed", reason, size);
	if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
		add_listener(serve, fd, &address, false) < 0)
		return refuse(reason, size, -ENOMEM, "%s", strerror(ENOMEM));
	return 0;
}

static int start_listening(struct serve *serve, char *reason, size_t size)
{
	const struct lk_settings *settings = serve->settings;
	const char *value;
	size_t from = 0;
	int error = 0;

	while (!error && (value = lk_option(settings, "passed", &from)))
		error = use_passed(serve, value, reason, size);
	if (error || serve->listeners)
		return error;
	from = 0;
	while (!error && (value = lk_option(settings, "listen", &from)))
		error = listen_at(serve, value, reason, size);
	if (!error && !serve->listeners)
		return refuse(reason, size, -EINVAL,
			"no listen is set, and systemd passed no socket named \"%s\"",
			settings->handler);
	return error;
}

static void stop_listening(struct serve *serve)
{
	while (serve->listeners) {
		struct listener *listener = serve->listeners;

		serve->listeners = listener->next;
		sd_event_source_disable_unref(listener->source);
		if (listener->ours) {
			address_unlink(&listener->address);
			close(listener->fd);
		}
		free(listener);
	}
}

/* --- the handler --- */

static void serve_close(void *state)
{
	struct serve *serve = state;

	stop_listening(serve);
	clients_free(&serve->clients);
	sd_event_unref(serve->event);
	free(serve->text);
	free(serve);
}

static int serve_open(const struct lk_settings *settings, const struct lk_resume *resume,
	void **state, char *reason, size_t size)
{
	struct serve *serve;
	int error = serve_check(settings, reason, size);

	(void)resume;
	if (error)
		return error;
	serve = calloc(1, sizeof(*serve));
	if (!serve)
		return refuse(reason, size, -ENOMEM, "%s", strerror(ENOMEM));
	serve->settings = settings;
	error = sd_event_new(&serve->event);
	serve->clients = (struct clients){
		.settings = settings, .event = serve->event, .buffer = buffer_size(settings)
	};
	if (error < 0)
		refuse(reason, size, error, "event loop: %s", strerror(-error));
	else
		error = start_listening(serve, reason, size);
	if (error < 0) {
		serve_close(serve);
		return error;
	}
	clients_show(&serve->clients);
	*state = serve;
	return 0;
}

/* Each line ended by a newline. The length, 0 when out of memory. */
static size_t join(struct serve *serve, const struct lk_batch *batch)
{
	size_t len = 0;

	for (size_t i = 0; i < batch->count; i++)
		len += batch->lines[i].len + 1;
	if (len > serve->text_room) {
		char *bigger = realloc(serve->text, len);

		if (!bigger)
			return 0;
		serve->text = bigger;
		serve->text_room = len;
	}
	len = 0;
	for (size_t i = 0; i < batch->count; i++) {
		memcpy(serve->text + len, batch->lines[i].data, batch->lines[i].len);
		len += batch->lines[i].len;
		serve->text[len++] = '\n';
	}
	return len;
}

static enum lk_verdict serve_attend(void *state, struct lk_result *result)
{
	struct serve *serve = state;
	int events = 1;

	for (int i = 0; events > 0 && i < EVENTS_AT_ONCE; i++)
		events = sd_event_run(serve->event, 0);
	if (serve->full && serve->clients.count < serve->full_at)
		let_in(serve, true);
	return events < 0 ? fail(result, "event loop: %s", strerror(-events)) : LK_OK;
}

static enum lk_verdict serve_process(
	void *state, const struct lk_batch *batch, struct lk_result *result)
{
	struct serve *serve = state;
	size_t len;

	if (serve->full)
		let_in(serve, true); /* others may have left descriptors, too */
	if (serve->clients.count == 0)
		return LK_OK;
	len = join(serve, batch);
	if (len == 0)
		return fail(result, "%s", strerror(ENOMEM));
	clients_send(&serve->clients, serve->text, len);
	return LK_OK;
}

static enum lk_verdict serve_commit(void *state, struct lk_token *token, struct lk_result *result)
{
	(void)state, (void)token, (void)result;
	return LK_OK;
}

static int serve_poll(void *state, short *events)
{
	const struct serve *serve = state;

	*events = POLLIN;
	return sd_event_get_fd(serve->event);
}

const struct lk_handler serve_handler = {
	.abi = LINEKEEPER_HANDLER_ABI,
	.name = "serve",
	.check = serve_check,
	.open = serve_open,
	.process = serve_process,
	.commit = serve_commit,
	.poll = serve_poll,
	.close = serve_close,
	.attend = serve_attend,
};
