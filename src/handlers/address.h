/* Where to listen: "/run/lines.sock", "127.0.0.1:5140", "[::1]:5140". Names are not looked up. */
#ifndef HANDLERS_ADDRESS_H
#define HANDLERS_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

struct address {
	struct sockaddr_storage socket;
	socklen_t len;
};

/* 0 or -EINVAL. */
int address_parse(const char *text, struct address *address);

/* The one that a socket is bound to. 0 or a negative errno. */
int address_of(int fd, struct address *address);

/* Can only processes of this machine connect to it? */
bool address_is_local(const struct address *address);

/* A non-blocking listening socket, or a negative errno. One in the file system gets mode 0660; what
 * a dead process has left there is replaced, -EADDRINUSE is one that somebody listens at. */
int address_listen(const struct address *address);

/* Removes the name of one in the file system. */
void address_unlink(const struct address *address);

#endif
