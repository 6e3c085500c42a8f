/* The command line, the same letters in both daemons. */
#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>

struct options {
	char *config;                              /* -f, absolute; NULL: not given */
	char *pidfile;                             /* -P, absolute; NULL: not given */
	char *state;                               /* -s, absolute; NULL: not given */
	bool foreground, debug, test, dump, inetd; /* debug sets foreground too */
	char **arguments;                          /* into argv: sections with -f, paths without */
	int count;
};

/* What one program has beyond the common letters. `own` ends with a zero entry (or is NULL); its
 * `val`s are above 255 and go to take(), which returns 0 or a STATUS_ after saying what is
 * wrong. */
struct options_own {
	const char *program;
	const char *usage; /* printed whole by --help */
	const struct option *own;
	int (*take)(void *context, int value, const char *argument);
	void *context;
};

/* -1: go on. Else the status to exit with: --help and --version have been answered, or what is
 * wrong has been said; nothing is to be freed then. */
int options_parse(struct options *options, const struct options_own *own, int argc, char **argv);

void options_free(struct options *options);

#endif
