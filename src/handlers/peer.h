/* The other side of a connection. */
#ifndef HANDLERS_PEER_H
#define HANDLERS_PEER_H

/* Lets the kernel find out, within some minutes, that a TCP peer is gone without a word, also while
 * nothing is sent: see tcp(7). Other sockets tell by themselves. */
void peer_watch(int fd);

#endif
