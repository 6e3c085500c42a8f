/* Which handler a configuration means. */
#ifndef HANDLERS_REGISTRY_H
#define HANDLERS_REGISTRY_H

#include <linekeeper/handler.h>

/* The handler of a configured type, ready for check() and open(). For "module" the shared object
 * is loaded, once and for the life of the process; a bare name is looked up as
 * HANDLERDIR/NAME.so. 0, or a negative errno with the reason. */
int handler_find(const char *type, const char *module, const struct lk_handler **handler,
	char *reason, size_t size);

#endif
