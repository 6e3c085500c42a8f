#include "daemon/section_list.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void free_section(struct section *section)
{
	free(section->name);
	free(section->files);
	free(section->text);
}

/* "kind", `between`, "title"; NULL: out of memory. */
static char *join(const char *kind, char between, const char *title)
{
	char *joined;

	return asprintf(&joined, "%s%c%s", kind, between, title) < 0 ? NULL : joined;
}

int section_list_add(struct section_list *list, const char *kind, const char *title, char *text,
	const void *settings)
{
	struct section added = {
		.kind = kind,
		.name = join(kind, ' ', title),
		.files = join(kind, '-', title),
		.text = text,
		.settings = settings,
		.config = list->config,
	};
	struct section *larger =
		reallocarray(list->section, list->count + 1, sizeof(*list->section));

	if (larger)
		list->section = larger;
	if (!larger || !added.name || !added.files || !added.text) {
		free_section(&added);
		return -ENOMEM;
	}
	list->section[list->count++] = added;
	return 0;
}

static bool bears(const struct section *section, const char *name)
{
	return strcmp(section->name, name) == 0 ||
	       strcmp(section->name + strlen(section->kind) + 1, name) == 0;
}

static bool is_there(const struct section_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (bears(&list->section[i], name))
			return true;
	return false;
}

static bool is_chosen(const struct section *section, char *const *names, int count)
{
	for (int i = 0; i < count; i++)
		if (bears(section, names[i]))
			return true;
	return count == 0;
}

bool section_list_choose(struct section_list *list, char *const *names, int count, const char *file)
{
	size_t kept = 0;

	for (int i = 0; i < count; i++) {
		if (is_there(list, names[i]))
			continue;
		log_error("%s: there is no section \"%s\"", file, names[i]);
		return false;
	}
	for (size_t i = 0; i < list->count; i++) {
		if (is_chosen(&list->section[i], names, count))
			list->section[kept++] = list->section[i];
		else
			free_section(&list->section[i]);
	}
	list->count = kept;
	return true;
}

void section_list_free(struct section_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free_section(&list->section[i]);
	free(list->section);
	list->section = NULL;
	list->count = 0;
}
