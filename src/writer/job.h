/* A job section: a command run periodically, its output appended to a log in whole lines. */
#ifndef WRITER_JOB_H
#define WRITER_JOB_H

#include "config/writer_conf.h"
#include "daemon/worker.h"

struct job_setup {
	const struct job_conf *conf;
	const char *section;  /* names its files in the state directory */
	const char *state;    /* the directory; NULL: nobody else writes to the target */
	uint64_t patience_ns; /* for a predecessor to end */
};

/* Until stopped. Returns the exit status. */
int job_run(const struct job_setup *setup, struct worker *worker);

#endif
