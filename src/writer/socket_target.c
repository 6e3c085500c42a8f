#include "writer/socket_target.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define UNIX "unix:"
#define TCP "tcp:"
#define PATIENCE_S 2 /* of connect(2), while signals wait */

static bool begins(const char *name, const char *kind)
{
	return strncmp(name, kind, strlen(kind)) == 0;
}

bool socket_target_named(const char *name)
{
	return begins(name, UNIX) || begins(name, TCP);
}

static int connect_to(const struct sockaddr *address, socklen_t length)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, address, length) == 0)
		return fd;
	r = errno == EINPROGRESS ? -ETIMEDOUT : -errno;
	close(fd);
	return r;
}

static int connect_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int r;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	r = connect_to((struct sockaddr *)&address, sizeof(address));
	return r == -ENOENT ? -ECONNREFUSED : r; /* nobody listens there, yet */
}

static int connect_any(const struct addrinfo *found)
{
	int fd = -EHOSTUNREACH;

	for (; found && fd < 0; found = found->ai_next)
		fd = connect_to(found->ai_addr, found->ai_addrlen);
	return fd;
}

/* host:port; an IPv6 address stands in brackets. */
static int connect_tcp(const char *where)
{
	const struct addrinfo wanted = { .ai_socktype = SOCK_STREAM };
	const char *colon = strrchr(where, ':');
	bool brackets = *where == '[' && colon && colon > where && colon[-1] == ']';
	struct addrinfo *found = NULL;
	char *host;
	int fd = -EHOSTUNREACH;

	if (!colon)
		return -EINVAL;
	host = strndup(where + brackets, (size_t)(colon - where) - 2 * (size_t)brackets);
	if (!host)
		return -ENOMEM;
	if (getaddrinfo(host, colon + 1, &wanted, &found) == 0) {
		fd = connect_any(found);
		freeaddrinfo(found);
	}
	free(host);
	return fd;
}

int socket_target_connect(const char *name)
{
	return begins(name, UNIX) ? connect_unix(name + strlen(UNIX))
				  : connect_tcp(name + strlen(TCP));
}

bool socket_target_left(int fd)
{
	char thrown_away[256];
	ssize_t n;

	do
		n = recv(fd, thrown_away, sizeof(thrown_away), MSG_DONTWAIT);
	while (n > 0);
	return n == 0 || (errno != EAGAIN && errno != EINTR);
}
