#include "handlers/in_flight.h"

#include <errno.h>
#include <stdlib.h>

/* Of those in flight, the last ones sent. */
static size_t taken_of(const struct in_flight *flight)
{
	uint64_t before = flight->sent - flight->count;

	return flight->taken > before ? (size_t)(flight->taken - before) : 0;
}

static bool is_same(const struct in_flight *flight, const struct lk_batch *batch)
{
	return flight->count > 0 && flight->count <= batch->count &&
	       flight->offset == batch->lines[0].offset &&
	       flight->last_len == batch->lines[flight->count - 1].len &&
	       strcmp(flight->file_id, batch->file_id) == 0;
}

bool in_flight_find(struct in_flight *flight, const struct lk_batch *batch, size_t *count)
{
	bool same = is_same(flight, batch);

	if (!same && taken_of(flight) < flight->count)
		return false;
	if (!same)
		flight->count = 0; /* their file was truncated: nobody asks for them any more */
	*count = flight->count;
	return true;
}

int in_flight_add(struct in_flight *flight, const struct lk_batch *batch, size_t count)
{
	if (flight->count == 0) {
		free(flight->file_id);
		flight->file_id = strdup(batch->file_id);
		flight->offset = batch->lines[0].offset;
	}
	flight->count += count;
	flight->sent += count;
	if (flight->count > 0)
		flight->last_len = batch->lines[flight->count - 1].len;
	return flight->file_id ? 0 : -ENOMEM;
}

size_t in_flight_land(struct in_flight *flight, const struct lk_batch *batch)
{
	size_t taken = taken_of(flight);

	flight->count -= taken;
	if (flight->count > 0)
		flight->offset = batch->lines[taken].offset;
	return taken;
}

static int hear_count(struct in_flight *flight)
{
	uint64_t count = 0;

	for (size_t i = 0; i < flight->digits_count; i++)
		count = 10 * count + (uint64_t)(flight->digits[i] - '0');
	if (flight->digits_count == 0 || count < flight->taken || count > flight->sent)
		return -EPROTO;
	flight->taken = count;
	flight->digits_count = 0;
	return 0;
}

int in_flight_hear(struct in_flight *flight, const char *text, size_t len)
{
	int error = 0;

	for (size_t i = 0; !error && i < len; i++) {
		if (text[i] == '\n')
			error = hear_count(flight);
		else if (text[i] < '0' || text[i] > '9' ||
			 flight->digits_count == sizeof(flight->digits))
			error = -EPROTO;
		else
			flight->digits[flight->digits_count++] = text[i];
	}
	return error;
}

void in_flight_free(struct in_flight *flight)
{
	free(flight->file_id);
	*flight = (struct in_flight){ 0 };
}
