#include "writer/timer.h"

#include "base/clock.h"

#include <time.h>

/* sd-event lets timers coalesce, within 250 ms by default. */
#define ACCURACY_US 1

int timer_add(
	sd_event *loop, sd_event_source **timer, sd_event_time_handler_t handler, void *context)
{
	int r = sd_event_add_time(loop, timer, CLOCK_MONOTONIC, 0, ACCURACY_US, handler, context);

	return r < 0 ? r : sd_event_source_set_enabled(*timer, SD_EVENT_OFF);
}

int timer_arm(sd_event_source *timer, uint64_t at_ns)
{
	uint64_t at_us = at_ns / NS_PER_US + (at_ns % NS_PER_US != 0);
	int r;

	if (at_ns == TIMER_NEVER)
		return sd_event_source_set_enabled(timer, SD_EVENT_OFF);
	r = sd_event_source_set_time(timer, at_us);
	return r < 0 ? r : sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}
