#include "handlers/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int parse_path(const char *path, struct address *address)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&address->socket;

	if (strlen(path) >= sizeof(un->sun_path))
		return -EINVAL;
	un->sun_family = AF_UNIX;
	snprintf(un->sun_path, sizeof(un->sun_path), "%s", path);
	address->len = sizeof(*un);
	return 0;
}

static int parse_port(const char *text, in_port_t *port)
{
	unsigned long number;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	number = strtoul(text, &end, 10);
	if (*end || number < 1 || number > 65535)
		return -EINVAL;
	*port = htons((in_port_t)number);
	return 0;
}

static int parse_v4(const char *host, in_port_t port, struct address *address)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&address->socket;

	in->sin_family = AF_INET;
	in->sin_port = port;
	address->len = sizeof(*in);
	return inet_pton(AF_INET, host, &in->sin_addr) == 1 ? 0 : -EINVAL;
}

/* In brackets. */
static int parse_v6(char *host, in_port_t port, struct address *address)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address->socket;
	size_t len = strlen(host);

	if (len < 2 || host[len - 1] != ']')
		return -EINVAL;
	host[len - 1] = '\0';
	in6->sin6_family = AF_INET6;
	in6->sin6_port = port;
	address->len = sizeof(*in6);
	return inet_pton(AF_INET6, host + 1, &in6->sin6_addr) == 1 ? 0 : -EINVAL;
}

int address_parse(const char *text, struct address *address)
{
	char host[INET6_ADDRSTRLEN + 2];
	const char *colon = strrchr(text, ':');
	struct address parsed = { 0 };
	in_port_t port;
	int error;

	if (*text == '/') {
		error = parse_path(text, &parsed);
	} else if (!colon || (size_t)(colon - text) >= sizeof(host) ||
		   parse_port(colon + 1, &port)) {
		error = -EINVAL;
	} else {
		snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
		error = *host == '[' ? parse_v6(host, port, &parsed)
				     : parse_v4(host, port, &parsed);
	}
	if (!error)
		*address = parsed;
	return error;
}

int address_of(int fd, struct address *address)
{
	struct address found = { .len = sizeof(found.socket) };

	if (getsockname(fd, (struct sockaddr *)&found.socket, &found.len) < 0)
		return -errno;
	*address = found;
	return 0;
}

bool address_is_local(const struct address *address)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)&address->socket;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address->socket;

	switch (address->socket.ss_family) {
	case AF_INET:
		return ntohl(in->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	case AF_INET6:
		return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
	default:
		return address->socket.ss_family == AF_UNIX;
	}
}

static const char *path_of(const struct address *address)
{
	if (address->socket.ss_family != AF_UNIX)
		return NULL;
	return ((const struct sockaddr_un *)&address->socket)->sun_path;
}

static bool is_answered(const struct address *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool refused = fd >= 0 &&
		       connect(fd, (const struct sockaddr *)&address->socket, address->len) < 0 &&
		       errno == ECONNREFUSED;

	if (fd >= 0)
		close(fd);
	return !refused;
}

/* Of a process that died without removing it. */
static void remove_leftover(const struct address *address)
{
	const char *path = path_of(address);
	struct stat st;

	if (path && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && !is_answered(address))
		unlink(path);
}

static int bind_and_listen(int fd, const struct address *address)
{
	const char *path = path_of(address);
	const int on = 1;

	if (!path)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->socket.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&address->socket, address->len) < 0)
		return -errno;
	if (path && chmod(path, 0660) < 0) /* nobody can connect before we listen */
		return -errno;
	return listen(fd, SOMAXCONN) < 0 ? -errno : 0;
}

int address_listen(const struct address *address)
{
	int error, fd;

	fd = socket(address->socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	remove_leftover(address);
	error = bind_and_listen(fd, address);
	if (!error)
		return fd;
	close(fd);
	return error;
}

void address_unlink(const struct address *address)
{
	const char *path = path_of(address);

	if (path)
		unlink(path);
}
