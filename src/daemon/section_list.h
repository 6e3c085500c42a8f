/* The sections of a configuration, as the supervisor needs to know them. */
#ifndef DAEMON_SECTION_LIST_H
#define DAEMON_SECTION_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct section {
	const char *kind; /* "tail" */
	char *name;       /* "tail app": in ps, in messages; unique */
	char *files;      /* "tail-app": what its files in the state directory are called */
	char *text;       /* its whole effective configuration: equal text, nothing changed */
	const void *settings, *config; /* the section itself, and what it is a part of */
};

/* Sections live until the list is freed, wherever that is moved to. */
struct section_list {
	struct section *section;
	size_t count;
	uint64_t stop_timeout_ns; /* from SIGTERM to SIGKILL */
	void *config;
};

/* Adds one to a list that has its config. Takes over `text`, NULL: out of memory. `kind` and
 * `settings` live as long as the list. 0 or -ENOMEM. */
int section_list_add(struct section_list *list, const char *kind, const char *title, char *text,
	const void *settings);

/* Keeps those with these names, a title or a kind and a title; all of them, if no name is given.
 * False, after logging it, when there is none of a name. */
bool section_list_choose(
	struct section_list *list, char *const *names, int count, const char *file);

/* All but its config. */
void section_list_free(struct section_list *list);

#endif
