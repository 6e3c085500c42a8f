/*
 * Takes single values out of a parsed section, checked. Each answers false after logging
 * "FILE:LINE: what is wrong, what is allowed"; what it fills is the caller's to free.
 */
#ifndef CONFIG_TAKE_H
#define CONFIG_TAKE_H

#include "config/parse.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The title, as a name fit for files: [A-Za-z0-9_.-], at most 64, no leading dot. */
bool take_name(cfg_t *section, char **name);

/* Where the section begins, as FILE:LINE. */
bool take_place(cfg_t *section, char **place);

/* Is there a value? Say so if not. */
bool take_needs(cfg_t *section, const char *key);

bool take_duration(cfg_t *section, const char *key, uint64_t least_ns, uint64_t *ns);
bool take_size(cfg_t *section, const char *key, size_t least, size_t most, size_t *bytes);
bool take_count(cfg_t *section, const char *key, unsigned least, unsigned most, unsigned *count);

/* The value's index in `names`, which ends with NULL. */
bool take_choice(cfg_t *section, const char *key, const char *const *names, int *index);

/* NULL where there is no value. A path is absolute, its double slashes and dots removed. */
bool take_text(cfg_t *section, const char *key, char **text);
bool take_path(cfg_t *section, const char *key, char **path);

/* A regular expression that compiles; NULL where there is no value. */
bool take_pattern(cfg_t *section, const char *key, char **text);

/* An empty list is a list. */
bool take_paths(cfg_t *section, const char *key, char ***paths);

/* A program by its path and its arguments. */
bool take_command(cfg_t *section, const char *key, char ***command);

/* Logs at the key's place (the section's for NULL). Always false. */
bool take_error(cfg_t *section, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The last straw, logged. Always false. */
bool take_no_memory(void);

#endif
