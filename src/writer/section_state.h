/* The state directory of a section, which is locked for life. */
#ifndef WRITER_SECTION_STATE_H
#define WRITER_SECTION_STATE_H

#include <stdint.h>

struct section_state {
	int directory; /* -1: nothing is kept */
	int lock;
};

/* `path` NULL: nothing is kept. Waits up to `patience_ns` for the lock of a predecessor that is
 * about to end. 0, or a negative errno after logging the reason. */
int section_state_open(
	struct section_state *state, const char *path, const char *section, uint64_t patience_ns);

void section_state_close(struct section_state *state);

#endif
