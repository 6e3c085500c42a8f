/* -i: what a super-daemon's client gets, on descriptor 1. */
#ifndef TAILER_PULL_H
#define TAILER_PULL_H

#include "tailer/section.h"

#include <stdbool.h>

struct pull {
	bool follow; /* go on with new lines until the client leaves */
	bool wait;   /* while another client is being served */
};

/* The exit status. The pulls have a checkpoint of their own at `place`, so that the resident daemon
 * is not disturbed. */
int pull_run(const struct tail_conf *conf, const struct store_place *place,
	uint64_t stop_timeout_ns, const struct pull *pull);

/* A client must not take a failure for the end of the lines: its connection is reset as the process
 * ends, where that exists (TCP). */
void pull_reset(void);

#endif
