/* One absolute timer of an event loop, exact to the microsecond. */
#ifndef WRITER_TIMER_H
#define WRITER_TIMER_H

#include <stdint.h>
#include <systemd/sd-event.h>

#define TIMER_NEVER UINT64_MAX

/* Not armed yet. 0 or a negative errno. */
int timer_add(
	sd_event *loop, sd_event_source **timer, sd_event_time_handler_t handler, void *context);

/* Calls the handler once, at this time of CLOCK_MONOTONIC or at once if it has passed. */
int timer_arm(sd_event_source *timer, uint64_t at_ns);

#endif
