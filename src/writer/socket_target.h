/* A target that is connected to: "unix:/path" or "tcp:host:port". */
#ifndef WRITER_SOCKET_TARGET_H
#define WRITER_SOCKET_TARGET_H

#include <stdbool.h>

bool socket_target_named(const char *name);

/* A connected descriptor, or a negative errno; -EHOSTUNREACH: the host's name is not known. */
int socket_target_connect(const char *name);

/* Has the other side gone? What it sends is thrown away. */
bool socket_target_left(int fd);

#endif
