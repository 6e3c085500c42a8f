/* Time in nanoseconds. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define NS_PER_US UINT64_C(1000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)

/* CLOCK_MONOTONIC: for intervals; never set back. */
uint64_t clock_monotonic_ns(void);

/* CLOCK_REALTIME: for stamps and for comparing with a file's times. */
uint64_t clock_realtime_ns(void);

#endif
