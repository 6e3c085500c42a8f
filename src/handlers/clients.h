/*
 * Any number of connected clients that all get the same bytes, as fast as each takes them. One that
 * does not keep up has a bounded buffer, and is cut off when that is full.
 */
#ifndef HANDLERS_CLIENTS_H
#define HANDLERS_CLIENTS_H

#include <linekeeper/handler.h>

#include <systemd/sd-event.h>

struct clients {
	const struct lk_settings *settings;
	sd_event *event; /* the caller's: their comings and goings are its events */
	size_t buffer;   /* bytes for each, at most */
	struct served *first;
	uint64_t count, total, cut_off;
};

/* Takes over a connected non-blocking socket, which is closed on an error: 0 or a negative errno.
 */
int clients_add(struct clients *clients, int fd);

/* To everybody. */
void clients_send(struct clients *clients, const char *data, size_t len);

/* In the daemon's .stats file. */
void clients_show(const struct clients *clients);

void clients_free(struct clients *clients);

#endif
