/* "linekeeperctl metrics": the Prometheus text format, version 0.0.4. */
#ifndef CTL_METRICS_H
#define CTL_METRICS_H

#include "ctl/places.h"

#include <stddef.h>

/* *text is the caller's to free. 0; -EBADMSG or another negative errno of a file that cannot be
 * read: `why` then says which and why. A daemon that does not run is no error. */
int metrics_text(const struct places *places, char **text, size_t *len, char *why, size_t size);

/* Prints them; the exit status. */
int metrics_run(const struct places *places);

#endif
