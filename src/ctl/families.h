/*
 * Metric families in the Prometheus text format 0.0.4, where all samples of a family stand
 * together behind its HELP and TYPE, whatever the order in which they were told.
 */
#ifndef CTL_FAMILIES_H
#define CTL_FAMILIES_H

#include <stddef.h>
#include <stdio.h>

struct families {
	struct family *family;
	size_t count;
	int error; /* -ENOMEM, once it has happened */
};

/* One more sample. Names that end in "_total" are counters, the others gauges; `labels` is what
 * stands between the braces. A second sample with the same labels is left out. */
void families_add(struct families *families, const char *name, const char *help, const char *labels,
	double value);

void families_print(const struct families *families, FILE *out);
void families_free(struct families *families);

#endif
