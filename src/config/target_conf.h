/* What a replay or a job appends to, and how its writer rotates that. */
#ifndef CONFIG_TARGET_CONF_H
#define CONFIG_TARGET_CONF_H

#include "lines/pack.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct cfg_t;

struct rotate_conf {
	size_t size;          /* before it grows beyond; 0: whatever its size */
	uint64_t interval_ns; /* 0: whatever its age */
	unsigned keep;        /* generations, at least 1 */
	bool copy;            /* by copying and truncating, not by renaming */
	enum pack_format compress;
};

/* "unix:/path" and "tcp:host:port" are no paths. */
bool target_conf_is_socket(const char *target);

/* False after logging what is wrong. */
bool target_conf_take(struct cfg_t *section, char **target);
bool rotate_conf_take(struct cfg_t *section, struct rotate_conf *rotate);

bool rotate_conf_is_set(const struct rotate_conf *rotate);
void rotate_conf_write(const struct rotate_conf *rotate, FILE *out);

#endif
