/* "linekeeperctl top": the status, drawn again each second until q is pressed. */
#ifndef CTL_TOP_H
#define CTL_TOP_H

#include "ctl/status.h"

#include <stdint.h>

/* Returns the exit status. */
int top_run(const struct places *places, const struct status_choice *choice, uint64_t interval_ns);

#endif
