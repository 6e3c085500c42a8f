#include "handlers/backlog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_MIN ((size_t)16 * 1024)

/* At least `needed` bytes, doubling; `limit` at most, which is not less. */
static int grow(struct backlog *backlog, size_t needed, size_t limit)
{
	size_t room = backlog->room ? backlog->room : ROOM_MIN;
	char *data;

	while (room < needed)
		room *= 2;
	if (room > limit)
		room = limit;
	data = realloc(backlog->data, room);
	if (!data)
		return -ENOMEM;
	backlog->data = data;
	backlog->room = room;
	return 0;
}

int backlog_add(struct backlog *backlog, const char *data, size_t len, size_t limit)
{
	size_t needed = backlog->len + len;
	int error;

	if (needed > limit)
		return -ENOBUFS;
	if (backlog->start + needed > backlog->room) {
		error = needed > backlog->room ? grow(backlog, needed, limit) : 0;
		if (error)
			return error;
		memmove(backlog->data, backlog->data + backlog->start, backlog->len);
		backlog->start = 0;
	}
	memcpy(backlog->data + backlog->start + backlog->len, data, len);
	backlog->len = needed;
	return 0;
}

void backlog_take(struct backlog *backlog, size_t len)
{
	backlog->start += len;
	backlog->len -= len;
	if (backlog->len == 0)
		backlog_free(backlog);
}

void backlog_free(struct backlog *backlog)
{
	free(backlog->data);
	*backlog = (struct backlog){ 0 };
}
