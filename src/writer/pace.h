/*
 * When the lines of a replay are due: by an absolute schedule of lines or of bytes, or as their own
 * stamps say, and what becomes of it after a stall. Times are nanoseconds of CLOCK_MONOTONIC. Pure.
 */
#ifndef WRITER_PACE_H
#define WRITER_PACE_H

#include "config/writer_conf.h"
#include "writer/recorded.h"
#include "writer/schedule.h"
#include "writer/window.h"

#include <stdbool.h>

struct pace {
	const struct replay_conf *conf;
	struct schedule schedule; /* of lines, or of bytes if conf has a rate_bytes */
	struct recorded recorded; /* if conf has `by_stamps` */
	uint64_t front_due_ns;    /* by it, of the first line in the window; 0: not looked at yet */
	uint64_t due_ns;          /* of the first line of the last allowance; 0: it had none */
	uint64_t speed_thousandths;
	uint64_t skipped_ns; /* by which it was moved because of stalls, in all */
};

/* What may be written now; one line always, if it is due at all. */
struct allowance {
	uint64_t lines, bytes;
};

void pace_start(struct pace *pace, const struct replay_conf *conf, uint64_t now_ns);

/* From now on so many times as fast, or as slow. */
void pace_set_speed(struct pace *pace, uint64_t speed_thousandths, uint64_t now_ns);

/* Lines a second (or bytes, if it is bytes that are counted) that this asks for; 0: it does not
 * say. */
double pace_rate(const struct pace *pace);

/* Whatever was due, the next line is due then. */
void pace_restart(struct pace *pace, uint64_t first_ns);

/* After a pause that was nobody's fault: the next line is due now, if it was due earlier. */
void pace_forgive(struct pace *pace, uint64_t now_ns);

/* The source begins anew: what its stamps say has nothing to do with those before. */
void pace_begin_source(struct pace *pace);

/* Is a line due? After a stall the schedule is moved as catch_up says. */
bool pace_due(struct pace *pace, uint64_t now_ns, struct allowance *allowance);

/* The same by their stamps, of the whole lines (records) in the window. */
bool pace_due_by_stamps(struct pace *pace, uint64_t now_ns, const struct window *window,
	const struct batch *batch, struct allowance *allowance);

/* When to wake up, nothing being due now. */
uint64_t pace_wake(const struct pace *pace, uint64_t now_ns);

/* These were taken. */
void pace_done(struct pace *pace, uint64_t lines, uint64_t bytes);

/* Lines that are due, by the mean length of a line if it is bytes that are counted. */
uint64_t pace_behind(
	const struct pace *pace, uint64_t now_ns, uint64_t lines_written, uint64_t bytes_written);

#endif
