/* What both configurations say about the daemon itself. */
#ifndef CONFIG_COMMON_CONF_H
#define CONFIG_COMMON_CONF_H

#include "base/log.h"

#include <stdint.h>

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

#endif
