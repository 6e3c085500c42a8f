/* What both configurations say about the daemon itself. */
#ifndef CONFIG_COMMON_CONF_H
#define CONFIG_COMMON_CONF_H

#include "base/log.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct common_conf {
	char *user;    /* NULL: stay who we are */
	char *group;   /* NULL: the user's own */
	char *pidfile; /* /run/linekeeper/{tailer,writer}.pid; $XDG_RUNTIME_DIR/linekeeper/... for
			  a user without root */
	char *state;   /* /var/lib/linekeeper; $XDG_STATE_HOME/linekeeper for a user */
	enum log_target log;
	int log_level; /* LOG_ERR .. LOG_DEBUG */
	uint64_t stop_timeout_ns;
};

/* For tailer_conf.c and writer_conf.c: their table of keys begins with these. */
#define COMMON_KEYS                                                                                \
	KEY("user", NULL), KEY("group", NULL), KEY("pidfile", NULL), KEY("state", NULL),           \
		KEY("log", "auto"), KEY("log_level", "info"), KEY("stop_timeout", "5")

struct cfg_t;

/* False after logging what is wrong. */
bool common_conf_take(struct cfg_t *tree, struct common_conf *common);

/* Fills in the pidfile, "tailer" or "writer".pid, and the state directory where `file` set none. */
bool common_conf_places(struct common_conf *common, const char *program, const char *file);

/* What the command line says instead, NULL: nothing. False, after logging it: out of memory. */
bool common_conf_override(struct common_conf *common, const char *pidfile, const char *state);

void common_conf_dump(const struct common_conf *common, FILE *out);
void common_conf_free(struct common_conf *common);

#endif
