#include "writer/section_state.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/state.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define LOOK_AGAIN_NS 20000000

static int lock_patiently(int directory, const char *name, uint64_t patience_ns)
{
	const struct timespec pause = { .tv_nsec = LOOK_AGAIN_NS };
	uint64_t start = clock_monotonic_ns();
	int lock;

	while ((lock = state_lock(directory, name)) == -EWOULDBLOCK &&
		clock_monotonic_ns() - start < patience_ns)
		nanosleep(&pause, NULL);
	return lock;
}

int section_state_open(
	struct section_state *state, const char *path, const char *section, uint64_t patience_ns)
{
	char name[NAME_MAX + 1];

	*state = (struct section_state){ .directory = -1, .lock = -1 };
	if (!path)
		return 0;
	state->directory = state_directory(path);
	if (state->directory < 0) {
		log_error("%s: %s", path, reason(state->directory));
		return state->directory;
	}
	snprintf(name, sizeof(name), "%s.lock", section);
	state->lock = lock_patiently(state->directory, name, patience_ns);
	if (state->lock == -EWOULDBLOCK)
		log_error("%s/%s: another process is at work on this section", path, name);
	else if (state->lock < 0)
		log_error("%s/%s: %s", path, name, reason(state->lock));
	return state->lock < 0 ? state->lock : 0;
}

void section_state_close(struct section_state *state)
{
	if (state->lock >= 0)
		close(state->lock);
	if (state->directory >= 0)
		close(state->directory);
	*state = (struct section_state){ .directory = -1, .lock = -1 };
}
