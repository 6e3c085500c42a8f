/* A job section: every value is in range, every default filled in. */
#ifndef CONFIG_JOB_CONF_H
#define CONFIG_JOB_CONF_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct cfg_t;

enum overlap { OVERLAP_SKIP, OVERLAP_QUEUE, OVERLAP_KILL };

struct job_conf {
	char *name;
	char **command;       /* NULL at the end; command[0] absolute */
	char *target;         /* absolute */
	uint64_t interval_ns; /* above 0 */
	uint64_t timeout_ns;  /* 0: none */
	enum overlap overlap;
	bool first_now; /* first = "now" */
	bool align;     /* to the wall clock */
	char *stamp;    /* before each line, a format of strftime(3); NULL: none */
	char *place;    /* FILE:LINE where it was defined, for messages */
};

/* False after logging what is wrong. */
bool job_conf_take(struct cfg_t *section, struct job_conf *job);

void job_conf_write(const struct job_conf *job, FILE *out);

/* The section as text: equal text, nothing changed. Caller frees. */
char *job_conf_text(const struct job_conf *job);

void job_conf_free(struct job_conf *job);

#endif
