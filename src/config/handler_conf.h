/* A handler section: each type has keys of its own. For tailer_conf.c and its neighbours. */
#ifndef CONFIG_HANDLER_CONF_H
#define CONFIG_HANDLER_CONF_H

#include "config/tailer_conf.h"

#include <stdbool.h>
#include <stdio.h>

struct cfg_t;

/* False after logging what is wrong. */
bool handler_conf_take(struct cfg_t *section, struct handler_conf *handler);

/* The one of this name; NULL if there is none. */
const struct handler_conf *handler_conf_find(
	const struct handler_conf *handlers, size_t count, const char *name);

/* The file it writes; NULL if it has none. */
const char *handler_conf_output(const struct handler_conf *handler);

void handler_conf_write(const struct handler_conf *handler, FILE *out);
void handler_conf_free(struct handler_conf *handler);

#endif
