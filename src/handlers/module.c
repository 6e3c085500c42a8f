#include "handlers/module.h"
#include "handlers/say.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

static int module_path(const char *module, char *path, char *reason, size_t size)
{
	bool bare;

	if (!module || !*module)
		return refuse(reason, size, -EINVAL, "no module is set");
	bare = module[0] != '/';
	if (bare && strchr(module, '/'))
		return refuse(reason, size, -EINVAL, "%s: neither an absolute path nor a bare name",
			module);
	if (snprintf(path, PATH_MAX, "%s%s%s", bare ? HANDLERDIR "/" : "", module,
		    bare ? ".so" : "") >= PATH_MAX)
		return refuse(
			reason, size, -ENAMETOOLONG, "%s: %s", module, strerror(ENAMETOOLONG));
	return 0;
}

static const char *missing_function(const struct lk_handler *handler)
{
	if (!handler->name)
		return "name";
	if (!handler->open)
		return "open";
	if (!handler->process)
		return "process";
	if (!handler->commit)
		return "commit";
	return handler->close ? NULL : "close";
}

static int judge(const char *path, const struct lk_handler *handler, char *reason, size_t size)
{
	const char *missing;

	if (!handler)
		return refuse(reason, size, -ENOEXEC,
			"%s: not a handler module: no symbol \"linekeeper_handler\"", path);
	/* Nothing behind the version may be looked at before it is known to be ours. */
	if (handler->abi != LINEKEEPER_HANDLER_ABI)
		return refuse(reason, size, -ENOEXEC,
			"%s: built for handler ABI %u, this program has %u: build it again", path,
			handler->abi, (unsigned)LINEKEEPER_HANDLER_ABI);
	missing = missing_function(handler);
	if (missing)
		return refuse(
			reason, size, -ENOEXEC, "%s: its handler has no \"%s\"", path, missing);
	return 0;
}

int module_load(const char *module, const struct lk_handler **handler, char *reason, size_t size)
{
	char path[PATH_MAX];
	const struct lk_handler *loaded;
	void *object;
	int error = module_path(module, path, reason, size);

	if (error)
		return error;
	object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!object)
		return refuse(reason, size, -ENOEXEC, "%s", dlerror());
	loaded = dlsym(object, "linekeeper_handler");
	error = judge(path, loaded, reason, size);
	if (error) {
		dlclose(object);
		return error;
	}
	*handler = loaded;
	return 0;
}
