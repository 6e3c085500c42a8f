#include "daemon/beat.h"

#include "base/clock.h"
#include "daemon/stats.h"

/* Half of the time may be spent waiting for another wake-up to share. */
#define PERIOD_US (STATS_BEAT_NS / 2 / NS_PER_US)
#define ACCURACY_US PERIOD_US

static int on_beat(sd_event_source *source, uint64_t usec, void *context)
{
	_Atomic uint64_t *beat_ns = context;

	(void)usec;
	*beat_ns = clock_monotonic_ns();
	sd_event_source_set_time_relative(source, PERIOD_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int beat_start(sd_event *loop, _Atomic uint64_t *beat_ns)
{
	*beat_ns = clock_monotonic_ns();
	return sd_event_add_time_relative(
		loop, NULL, CLOCK_MONOTONIC, PERIOD_US, ACCURACY_US, on_beat, (void *)beat_ns);
}
