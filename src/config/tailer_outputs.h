/* Files the tailer writes: shared by nobody, and never read by the section they come from. */
#ifndef CONFIG_TAILER_OUTPUTS_H
#define CONFIG_TAILER_OUTPUTS_H

#include "config/tailer_conf.h"

#include <stdbool.h>

struct cfg_t;

/* `conf` has been filled from `tree`, section by section in its order. False after logging. */
bool tailer_outputs_check(struct cfg_t *tree, const struct tailer_conf *conf);

#endif
