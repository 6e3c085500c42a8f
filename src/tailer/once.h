/* To the end of what is there now, and no further: --once, and a client's pull (-i). */
#ifndef TAILER_ONCE_H
#define TAILER_ONCE_H

#include "tailer/section.h"

#include <stdbool.h>

/* The exit status. With `flush` unterminated last lines are handed over too. */
int once_run(const struct tail_conf *conf, const struct store_place *place, bool flush);

#endif
