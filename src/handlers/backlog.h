/* What a slow reader has not taken yet, bounded. Takes no memory while it is empty. */
#ifndef HANDLERS_BACKLOG_H
#define HANDLERS_BACKLOG_H

#include <stddef.h>

struct backlog {
	char *data;
	size_t start, len, room; /* the bytes are data[start .. start + len) */
};

/* 0; -ENOBUFS: it would be more than `limit` bytes; or -ENOMEM. Unchanged on an error. */
int backlog_add(struct backlog *backlog, const char *data, size_t len, size_t limit);

/* The first `len` bytes are taken. */
void backlog_take(struct backlog *backlog, size_t len);

void backlog_free(struct backlog *backlog);

#endif
