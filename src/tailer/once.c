#include "tailer/once.h"

#include "base/clock.h"
#include "base/status.h"

#include <poll.h>

static void wait_for_handler(struct section_state *section)
{
	uint64_t wait_ns;
	struct pollfd ready = { .events = 0 };

	ready.fd = section_poll(section, &ready.events, &wait_ns);
	poll(&ready, 1, (int)(wait_ns / NS_PER_MS));
}

/* Calls step() until it has nothing more to do. */
static enum progress repeat(struct section_state *section,
	enum progress (*step)(struct section_state *, bool), bool flush)
{
	enum progress progress;

	do {
		progress = step(section, flush);
		if (progress == PROGRESS_LATER)
			wait_for_handler(section);
	} while (progress == PROGRESS_MORE || progress == PROGRESS_LATER);
	return progress;
}

static enum progress save(struct section_state *section, bool flush)
{
	(void)flush;
	return section_save(section);
}

static enum progress run(struct section_state *section, bool flush)
{
	/* All files are known to the checkpoint first: to some handlers a commit is the end. */
	enum progress progress = repeat(section, save, false);

	if (progress == PROGRESS_IDLE)
		progress = repeat(section, section_round, false);
	if (progress == PROGRESS_IDLE && flush)
		progress = repeat(section, section_round, true);
	return progress == PROGRESS_FAILED ? progress : repeat(section, save, false);
}

int once_run(const struct tail_conf *conf, const struct store_place *place, bool flush)
{
	enum progress progress;
	bool saved;
	int status;
	struct section_state *section = section_open(conf, place, NULL, &status);

	if (!section)
		return status;
	progress = run(section, flush);
	saved = section_saved(section);
	section_close(section);
	return progress == PROGRESS_IDLE && saved ? STATUS_OK : STATUS_FAILURE;
}
