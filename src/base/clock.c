#include "base/clock.h"

uint64_t clock_ns(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * NS_PER_S + (uint64_t)time->tv_nsec;
}

static uint64_t now_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return clock_ns(&now);
}

uint64_t clock_monotonic_ns(void)
{
	return now_ns(CLOCK_MONOTONIC);
}

uint64_t clock_realtime_ns(void)
{
	return now_ns(CLOCK_REALTIME);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored                                                                     \
	"-Wformat-nonliteral" /* any format is safe: there are no arguments */
size_t clock_format(char *text, size_t size, const char *format, const struct tm *time)
{
	return strftime(text, size, format, time);
}
#pragma GCC diagnostic pop
