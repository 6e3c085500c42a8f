/*
 * From a checked configuration to a running daemon, in the order of daemon(7): directories made,
 * pidfile locked, detached, pidfile written, privileges dropped, workers up, and only then the
 * original process exits 0.
 */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include "base/log.h"
#include "daemon/supervisor.h"

#include <stdbool.h>

struct daemon_setup {
	bool foreground;     /* -n: no forks, no setsid, no chdir, no /dev/null */
	const char *pidfile; /* absolute */
	const char *state;   /* absolute; made with mode 0700 for the user */
	const char *user;    /* NULL: stay who we are */
	const char *group;   /* NULL: the user's own */
	enum log_target log; /* once booted; LOG_TO_AUTO detached means the journal or syslog */
};

/* Never returns in the original process of a daemon that detached. Else the program's exit status.
 * All descriptors above 2 are closed but those systemd passed (with LISTEN_FDS still set, it is
 * not left detached); SIGPIPE is ignored from here on, workers included; of the umask,
 * group-write and all for others go. `first` is released. */
int daemon_run(const struct daemon_setup *setup, const struct supervised *supervised,
	struct section_list *first);

#endif
