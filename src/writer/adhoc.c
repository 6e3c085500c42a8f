#define XXH_INLINE_ALL
#include "writer/adhoc.h"

#include "base/status.h"
#include "writer/replay.h"
#include "writer/target.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

/* The same target, the same state; standard output has no name of its own. */
static void name_section(char *name, size_t size, const struct replay_conf *conf)
{
	const char *path = strcmp(conf->target, TARGET_STDOUT) == 0 ? conf->source : conf->target;

	snprintf(name, size, "adhoc-%016" PRIx64, (uint64_t)XXH3_64bits(path, strlen(path)));
}

int adhoc_run(const struct adhoc *adhoc)
{
	struct worker worker = { .ready_fd = -1, .adhoc = true };
	struct writer_conf *conf = writer_conf_adhoc(adhoc->source, adhoc->target);
	struct replay_setup setup = { .state = adhoc->state };
	char section[64];
	int status;

	if (!conf)
		return STATUS_FAILURE;
	if (adhoc->interval_ns)
		conf->replays[0].interval_ns = *adhoc->interval_ns;
	name_section(section, sizeof(section), &conf->replays[0]);
	setup.conf = &conf->replays[0];
	setup.section = section;
	status = replay_run(&setup, &worker);
	writer_conf_free(conf);
	return status;
}
