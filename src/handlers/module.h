/* Handlers in shared objects. */
#ifndef HANDLERS_MODULE_H
#define HANDLERS_MODULE_H

#include <linekeeper/handler.h>

/* Loads an absolute path, or a bare NAME as HANDLERDIR/NAME.so. The handler lives as long as the
 * process. 0, or a negative errno with the reason. */
int module_load(const char *module, const struct lk_handler **handler, char *reason, size_t size);

#endif
