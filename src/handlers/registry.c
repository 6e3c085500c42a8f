#include "handlers/registry.h"
#include "handlers/builtin.h"
#include "handlers/module.h"
#include "handlers/say.h"

#include <errno.h>

static const struct lk_handler *const builtin[] = {
	&print_handler,
	&file_handler,
	&exec_handler,
	&journal_handler,
	&syslog_handler,
	&serve_handler,
	&client_handler,
};

int handler_find(const char *type, const char *module, const struct lk_handler **handler,
	char *reason, size_t size)
{
	if (strcmp(type, "module") == 0)
		return module_load(module, handler, reason, size);
	for (size_t i = 0; i < sizeof(builtin) / sizeof(builtin[0]); i++) {
		if (strcmp(builtin[i]->name, type) == 0) {
			*handler = builtin[i];
			return 0;
		}
	}
	return refuse(reason, size, -ENOENT,
		"no handler type \"%s\": print, file, exec, journal, syslog, serve or module",
		type);
}
