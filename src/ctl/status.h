/* "linekeeperctl status": how daemons, sections and files stand. */
#ifndef CTL_STATUS_H
#define CTL_STATUS_H

#include "ctl/places.h"
#include "ctl/snapshot.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct status_choice {
	char *const *sections; /* only these, as section_is_named() takes them */
	size_t count;          /* 0: all */
	bool colours;
	size_t width; /* of the terminal that the tables are to fit into; 0: any */
};

bool status_is_chosen(const struct status_choice *choice, const struct section_view *section);

/* A line for each daemon and a table of its sections and files. `before` tells the speed since
 * then; it may be NULL. */
void status_print(FILE *out, const struct snapshot *snapshot, const struct snapshot *before,
	const struct status_choice *choice);

/* The same in JSON, for programs. */
void status_print_json(FILE *out, const struct snapshot *snapshot, const struct snapshot *before,
	const struct status_choice *choice);

/* What is asked for once; with an interval the speed is that of so long a time. Returns the exit
 * status, see ctl/status_codes.h. */
int status_run(const struct places *places, const struct status_choice *choice, bool json,
	uint64_t interval_ns);

#endif
