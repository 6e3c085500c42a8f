/* writer.conf(5), checked and complete: every value is in range, every default filled in. */
#ifndef CONFIG_WRITER_CONF_H
#define CONFIG_WRITER_CONF_H

#include "config/common_conf.h"
#include "config/job_conf.h"
#include "config/replay_conf.h"

#include <stddef.h>
#include <stdio.h>

struct writer_conf {
	struct common_conf common;
	struct replay_conf *replays;
	size_t replay_count;
	struct job_conf *jobs;
	size_t job_count;
};

/* Reads FILE and its drop-ins, FILE.d/NAME.conf in order of name. NULL after logging what is
 * wrong as FILE:LINE: message. */
struct writer_conf *writer_conf_load(const char *file);

/* A replay section with every default, for the ad-hoc form (at_end = "exit"). NULL: out of memory.
 */
struct writer_conf *writer_conf_adhoc(const char *source, const char *target);

/* The effective configuration, readable by writer_conf_load() again. */
void writer_conf_dump(const struct writer_conf *conf, FILE *out);

void writer_conf_free(struct writer_conf *conf);

#endif
