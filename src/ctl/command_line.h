/* The command line of linekeeperctl: options, a command, its arguments. */
#ifndef CTL_COMMAND_LINE_H
#define CTL_COMMAND_LINE_H

#include "base/clock.h"
#include "ctl/places.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRAM "linekeeperctl"

/* Options that only some commands take. */
enum {
	OPTION_JSON = 1,
	OPTION_INTERVAL = 2,
	OPTION_HTTP = 4,
	OPTION_FORCE = 8,
	OPTION_TO = 16,
};

struct command_line;

struct command {
	const char *name;
	unsigned options;
	int (*run)(const struct command_line *line); /* returns the exit status */
};

struct command_line {
	const struct command *command;
	struct places places;
	unsigned given; /* OPTION_... */
	bool json, http, force;
	uint64_t interval_ns; /* 0: not given */
	const char *to;       /* NULL: not given */
	char **arguments;     /* behind the command, into argv */
	size_t count;
};

/* `commands` ends with a zero entry. -1: go on; else the status to exit with: what was asked has
 * been answered, or what is wrong has been said. To be freed in any case. */
int command_line_parse(
	struct command_line *line, const struct command *commands, int argc, char **argv);
void command_line_free(struct command_line *line);

#endif
