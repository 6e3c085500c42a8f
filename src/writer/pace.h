/*
 * When the lines of a replay are due: an absolute schedule of lines or of bytes, and what becomes
 * of it after a stall. Times are nanoseconds of CLOCK_MONOTONIC. Pure.
 */
#ifndef WRITER_PACE_H
#define WRITER_PACE_H

#include "config/writer_conf.h"
#include "writer/schedule.h"

#include <stdbool.h>

struct pace {
	const struct replay_conf *conf;
	struct schedule schedule; /* of lines, or of bytes if conf has a rate_bytes */
	uint64_t skipped_ns;      /* by which it was moved because of stalls, in all */
};

/* What may be written now; one line always, if it is due at all. */
struct allowance {
	uint64_t lines, bytes;
};

void pace_start(struct pace *pace, const struct replay_conf *conf, uint64_t now_ns);

/* Whatever was due, the next line is due then. */
void pace_restart(struct pace *pace, uint64_t first_ns);

/* Is a line due? After a stall the schedule is moved as catch_up says. */
bool pace_due(struct pace *pace, uint64_t now_ns, struct allowance *allowance);

/* When to wake up, nothing being due now. */
uint64_t pace_wake(const struct pace *pace, uint64_t now_ns);

/* These were taken. */
void pace_done(struct pace *pace, uint64_t lines, uint64_t bytes);

/* Lines that are due, by the mean length of a line if it is bytes that are counted. */
uint64_t pace_behind(
	const struct pace *pace, uint64_t now_ns, uint64_t lines_written, uint64_t bytes_written);

/* How late the next line is. */
uint64_t pace_lateness(const struct pace *pace, uint64_t now_ns);

#endif
