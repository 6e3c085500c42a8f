/* Absolute paths as text, and the files they lead to. */
#ifndef CONFIG_PATHS_H
#define CONFIG_PATHS_H

#include <stdbool.h>

/* Removes, in place, what does not change where an absolute path leads: "//", "/./" and a slash at
 * the end. The same file is then known by the same text, as far as text can tell. */
void path_tidy(char *path);

/* The same text, or the same file now (by symbolic or hard links). */
bool path_same(const char *a, const char *b);

#endif
