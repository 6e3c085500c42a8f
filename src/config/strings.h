/* NULL-terminated lists of strings on the heap. */
#ifndef CONFIG_STRINGS_H
#define CONFIG_STRINGS_H

#include <stdbool.h>

/* Appends; *list may be NULL. False when out of memory, with *list unchanged. */
bool strings_add(char ***list, const char *format, ...) __attribute__((format(printf, 2, 3)));

void strings_free(char **list);

#endif
