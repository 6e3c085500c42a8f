/* Reading the options that a handler is configured with. */
#ifndef HANDLERS_SETTINGS_H
#define HANDLERS_SETTINGS_H

#include <linekeeper/handler.h>

/* 0, or -EINVAL with the reason: an option is set that is not one of `names` (NULL at the end). */
int only_options(
	const struct lk_settings *settings, const char *const *names, char *reason, size_t size);

/* All values of an option, NULL at the end. The array is the caller's to free, the values are
 * the settings'. NULL: out of memory. */
char **option_values(const struct lk_settings *settings, const char *name);

#endif
