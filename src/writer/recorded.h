/*
 * The pace that a log's own stamps tell.
 *
 * A line is due so long after the one before as its stamp is later, divided by the speed, and never
 * later than max_gap. A line without a stamp comes with the one before. So does one whose stamp is
 * older, and time goes on from the latest stamp; but where it is more than a minute older the clock
 * was set back, and time goes on from there.
 */
#ifndef WRITER_RECORDED_H
#define WRITER_RECORDED_H

#include "config/writer_conf.h"
#include "lines/stamp.h"

struct recorded {
	struct stamp_format format;
	uint64_t speed_thousandths, max_gap_ns;
	bool started;    /* `latest` is a stamp */
	int64_t latest;  /* stamp */
	int64_t years;   /* to add, where the stamps do not tell the year */
	uint64_t due_ns; /* of the last line; CLOCK_MONOTONIC */
	uint64_t missing, backwards, capped;
};

/* The stamps are found as conf says, which must outlive this. No pattern is compiled. */
void recorded_init(struct recorded *recorded, const struct replay_conf *conf);

/* The next line is due then; the stamps start anew. */
void recorded_start(struct recorded *recorded, uint64_t first_ns);

/* When the next line is due. */
uint64_t recorded_advance(struct recorded *recorded, const char *line, size_t len);

/* Likewise; is the line's stamp this moment, or later? Where stamps tell no year, the first one
 * says in which the moment is. */
bool recorded_reaches(struct recorded *recorded, const char *line, size_t len, int64_t *moment);

#endif
