/* Durations and sizes as people write them. */
#ifndef CONFIG_UNITS_H
#define CONFIG_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* "0.25", "250ms", "1s", "10us", "5m", "2h", "1d" to nanoseconds; a bare number is seconds.
 * -EINVAL: not that; -ERANGE: negative, or too long for 63 bits. */
int duration_parse(const char *text, uint64_t *ns);

/* "65536", "64k", "1M", "2G" (powers of 1024) to bytes. -EINVAL, -ERANGE. */
int size_parse(const char *text, uint64_t *bytes);

/* The shortest text that reads back as the same value. `text` has room for 32 bytes. */
void duration_format(uint64_t ns, char *text);
void size_format(uint64_t bytes, char *text);

#endif
