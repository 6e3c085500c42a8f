#include "handlers/clients.h"

#include "handlers/backlog.h"
#include "handlers/peer.h"
#include "handlers/say.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct served {
	struct clients *clients;
	struct served *next;
	sd_event_source *source;
	struct backlog backlog;
	int fd;
	bool gone; /* to be removed after the round over all of them */
};

void clients_show(const struct clients *clients)
{
	const struct lk_settings *settings = clients->settings;

	settings->figure(settings, "clients", clients->count);
	settings->figure(settings, "clients_total", clients->total);
	settings->figure(settings, "clients_cut_off_total", clients->cut_off);
}

static void free_client(struct served *client)
{
	sd_event_source_disable_unref(client->source);
	close(client->fd);
	backlog_free(&client->backlog);
	free(client);
}

static void remove_gone(struct clients *clients)
{
	struct served **place = &clients->first;

	while (*place) {
		struct served *client = *place;

		if (!client->gone) {
			place = &client->next;
			continue;
		}
		*place = client->next;
		free_client(client);
		clients->count--;
	}
	clients_show(clients);
}

static void cut_off(struct served *client)
{
	struct clients *clients = client->clients;

	client->gone = true;
	clients->cut_off++;
	tell(clients->settings, LK_LOG_WARNING,
		"a client does not keep up: cut off with %zu bytes waiting for it, the limit is "
		"%zu",
		client->backlog.len, clients->buffer);
}

/* How much of it goes now; 0 if none does, also to a client that is gone. */
static size_t send_some(struct served *client, const char *data, size_t len)
{
	ssize_t n = TEMP_FAILURE_RETRY(send(client->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL));

	if (n < 0 && errno != EAGAIN)
		client->gone = true;
	return n < 0 ? 0 : (size_t)n;
}

/* Wakes up for what it has to say or, while something waits, for room. */
static void watch_client(struct served *client)
{
	uint32_t events = client->backlog.len > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN;

	sd_event_source_set_io_events(client->source, events);
}

static void give(struct served *client, const char *data, size_t len)
{
	size_t sent = client->backlog.len > 0 ? 0 : send_some(client, data, len);

	if (client->gone || sent == len)
		return;
	if (backlog_add(&client->backlog, data + sent, len - sent, client->clients->buffer) < 0)
		cut_off(client);
	else
		watch_client(client);
}

static void send_backlog(struct served *client)
{
	const struct backlog *backlog = &client->backlog;
	size_t sent = send_some(client, backlog->data + backlog->start, backlog->len);

	if (sent > 0)
		backlog_take(&client->backlog, sent);
	if (backlog->len == 0)
		watch_client(client);
}

/* Nothing that a client says matters, but its end. */
static void hear(struct served *client)
{
	char ignored[4096];
	ssize_t n = TEMP_FAILURE_RETRY(recv(client->fd, ignored, sizeof(ignored), MSG_DONTWAIT));

	if (n == 0 || (n < 0 && errno != EAGAIN))
		client->gone = true;
}

static int on_client(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct served *client = context;

	(void)source, (void)fd;
	if (events & ~(uint32_t)EPOLLOUT)
		hear(client);
	if (!client->gone && client->backlog.len > 0)
		send_backlog(client);
	if (client->gone)
		remove_gone(client->clients);
	return 0;
}

int clients_add(struct clients *clients, int fd)
{
	struct served *client = calloc(1, sizeof(*client));
	int error = -ENOMEM;

	if (client)
		error = sd_event_add_io(
			clients->event, &client->source, fd, EPOLLIN, on_client, client);
	if (error < 0) {
		free(client);
		close(fd);
		return error;
	}
	peer_watch(fd);
	client->fd = fd;
	client->clients = clients;
	client->next = clients->first;
	clients->first = client;
	clients->count++;
	clients->total++;
	clients_show(clients);
	return 0;
}

void clients_send(struct clients *clients, const char *data, size_t len)
{
	for (struct served *client = clients->first; client; client = client->next)
		give(client, data, len);
	remove_gone(clients);
}

void clients_free(struct clients *clients)
{
	while (clients->first) {
		struct served *client = clients->first;

		clients->first = client->next;
		free_client(client);
	}
}
