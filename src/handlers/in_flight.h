/*
 * Lines sent to a client that returns the count of those it has taken, in decimal and newline, over
 * the whole connection.
 *
 * A line counts as accepted only when the client has taken it: until then the tailer offers it
 * again, and what is in flight tells which of the lines offered are on their way already.
 */
#ifndef HANDLERS_IN_FLIGHT_H
#define HANDLERS_IN_FLIGHT_H

#include <linekeeper/handler.h>

#include <stdbool.h>

struct in_flight {
	char *file_id;
	uint64_t offset; /* of the first */
	size_t count;
	size_t last_len; /* of the last, which may have been an unterminated one */
	uint64_t sent;   /* lines, ever; those in flight are the last of them */
	uint64_t taken;  /* lines, as the client last told */
	char digits[19]; /* of the count that is on its way to us */
	size_t digits_count;
};

/* How many of the lines of a batch are in flight, from its first. False: those in flight are
 * others, and not all taken yet. */
bool in_flight_find(struct in_flight *flight, const struct lk_batch *batch, size_t *count);

/* The next `count` lines of the batch are sent. 0 or -ENOMEM. */
int in_flight_add(struct in_flight *flight, const struct lk_batch *batch, size_t count);

/* How many of the batch the client has taken since: they are no longer in flight. */
size_t in_flight_land(struct in_flight *flight, const struct lk_batch *batch);

/* Counts out of what the client sent. 0 or -EPROTO: no count, or not one that can be. */
int in_flight_hear(struct in_flight *flight, const char *text, size_t len);

void in_flight_free(struct in_flight *flight);

#endif
