/* The sections of tailer.conf(5), as the supervisor knows them and as they are run. */
#ifndef TAILER_SECTIONS_H
#define TAILER_SECTIONS_H

#include "config/tailer_conf.h"
#include "daemon/supervisor.h"
#include "tailer/pull.h"

/* What the command line says about them; lives as long as the sections. */
struct sections_choice {
	const char *config;          /* path of the file; NULL: `adhoc` is the configuration */
	const char *pidfile, *state; /* instead of the configuration's, or NULL */
	char *const *names;          /* of those to run; none: all */
	int count;
	int log_level;      /* instead of the configuration's, or -1 */
	bool detached;      /* nobody will see standard output */
	bool takes_sockets; /* that systemd passed */
};

/* For struct supervised, with a struct sections_choice as the context. */
int sections_load(void *context, struct section_list *list);
void sections_release(void *choice, struct section_list *list);
int sections_run(void *choice, const struct section *section, struct worker *worker);

/* The configuration that a list was made from. */
const struct tailer_conf *sections_conf(const struct section_list *list);

/* A list for the ad-hoc form, which takes over `conf`; `state` may be NULL: nowhere. 0 or a
 * negative errno (logged). */
int sections_from(struct tailer_conf *conf, const char *state, struct section_list *list);

/* --once: to the end of what is there now. The exit status. */
int sections_once(const struct section *section, bool flush);

/* -i: to the client on standard output what it has not pulled yet. The exit status. */
int sections_pull(const struct section *section, const struct pull *pull);

#endif
