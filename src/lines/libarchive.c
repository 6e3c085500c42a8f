#include "lines/libarchive.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>

#define SONAME                                                                                     \
	"libarchive.so.13" /* since libarchive 3.0; a change of it would change these calls */

static bool find(void *handle, const char *name, void *function)
{
	void **place = function;

	*place = dlsym(handle, name);
	return *place != NULL;
}

#define FIND(name) find(found.handle, #name, &found.name)

int libarchive_load(struct libarchive *library)
{
	struct libarchive found = { .handle = dlopen(
					    SONAME, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE) };

	if (!found.handle)
		return -ELIBACC;
	if (!FIND(archive_errno) || !FIND(archive_filter_code) || !FIND(archive_read_data) ||
		!FIND(archive_read_free) || !FIND(archive_read_new) ||
		!FIND(archive_read_next_header) || !FIND(archive_read_open) ||
		!FIND(archive_read_support_filter_all) ||
		!FIND(archive_read_support_format_empty) ||
		!FIND(archive_read_support_format_raw) || !FIND(archive_entry_free) ||
		!FIND(archive_entry_new) || !FIND(archive_entry_set_filetype) ||
		!FIND(archive_write_add_filter_by_name) || !FIND(archive_write_close) ||
		!FIND(archive_write_data) || !FIND(archive_write_free) ||
		!FIND(archive_write_header) || !FIND(archive_write_new) ||
		!FIND(archive_write_open_fd) || !FIND(archive_write_set_format_raw) ||
		!FIND(archive_write_set_options)) {
		libarchive_unload(&found);
		return -ELIBACC;
	}
	*library = found;
	return 0;
}

void libarchive_unload(struct libarchive *library)
{
	if (library->handle)
		dlclose(library->handle);
	library->handle = NULL;
}
