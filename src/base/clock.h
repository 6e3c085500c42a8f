/* Time in nanoseconds. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define NS_PER_US UINT64_C(1000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)

/* A file's times move in steps of a kernel tick: a change this soon after another may not show. */
#define FILE_TICK_NS (20 * NS_PER_MS)

/* CLOCK_MONOTONIC: for intervals; never set back. */
uint64_t clock_monotonic_ns(void);

/* CLOCK_REALTIME: for stamps and for comparing with a file's times. */
uint64_t clock_realtime_ns(void);

/* strftime(3) with a format that is not known before: the bytes, 0 when there is no room. */
size_t clock_format(char *text, size_t size, const char *format, const struct tm *time);

uint64_t clock_ns(const struct timespec *time);

#endif
