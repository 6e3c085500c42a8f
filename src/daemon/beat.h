/* A sign of life of an event loop, for those who read the .stats file. */
#ifndef DAEMON_BEAT_H
#define DAEMON_BEAT_H

#include <stdint.h>
#include <systemd/sd-event.h>

/* Stamps *beat_ns with CLOCK_REALTIME now and every STATS_BEAT_NS, as long as the loop goes round.
 * 0 or a negative errno. */
int beat_start(sd_event *loop, _Atomic uint64_t *beat_ns);

#endif
