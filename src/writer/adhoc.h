/* SOURCE TARGET on the command line: one replay in the foreground, without a configuration. */
#ifndef WRITER_ADHOC_H
#define WRITER_ADHOC_H

#include <stdint.h>

struct adhoc {
	const char *source, *target; /* "-": standard output */
	const uint64_t *interval_ns; /* NULL: the default */
	const char *state;           /* NULL: it is not kept how far it has come */
};

/* Ends at the end of the source. Returns the exit status. */
int adhoc_run(const struct adhoc *adhoc);

#endif
