/* A replay section: a recorded log written into another, line by line, at its pace. */
#ifndef WRITER_REPLAY_H
#define WRITER_REPLAY_H

#include "config/writer_conf.h"
#include "daemon/worker.h"

struct replay_setup {
	const struct replay_conf *conf;
	const char *section;  /* names its files in the state directory */
	const char *state;    /* the directory; NULL: from the beginning, nothing is kept */
	uint64_t patience_ns; /* for a predecessor to end */
	bool client;          /* standard output is one that may leave when it likes */
};

/* Until stopped, or the end of the source if that is what at_end says. Returns the exit status. */
int replay_run(const struct replay_setup *setup, struct worker *worker);

#endif
