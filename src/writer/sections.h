/* The sections of writer.conf(5), as the supervisor knows them and as they are run. */
#ifndef WRITER_SECTIONS_H
#define WRITER_SECTIONS_H

#include "config/writer_conf.h"
#include "daemon/supervisor.h"

/* What the command line says about them; lives as long as the sections. */
struct sections_choice {
	const char *config;          /* path of the file */
	const char *pidfile, *state; /* instead of the configuration's, or NULL */
	char *const *names;          /* of those to run; none: all */
	int count;
	int log_level; /* instead of the configuration's, or -1 */
};

/* For struct supervised, with a struct sections_choice as the context. */
int sections_load(void *context, struct section_list *list);
void sections_release(void *choice, struct section_list *list);
int sections_run(void *choice, const struct section *section, struct worker *worker);

/* The configuration that a list was made from. */
const struct writer_conf *sections_conf(const struct section_list *list);

/* Super-daemon: this replay for the client that standard output leads to, from the beginning.
 * The exit status. */
int sections_serve(const struct section *section, struct worker *worker);

#endif
