#include "config/parse.h"

#include "base/log.h"
#include "config/source.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Has this place been noted in this file? */
static bool place_in_file(const char *place, const char *file)
{
	size_t len = strlen(file);

	return strncmp(place, file, len) == 0 && place[len] == ':';
}

int parse_note_place(cfg_t *section, cfg_opt_t *option, const char *value, void *result)
{
	char *place;
	int error;

	/* The first value, also of a list: those that follow find more than one. */
	if (option->comment && option->nvalues == 1 &&
		place_in_file(option->comment, section->filename)) {
		cfg_error(section, "%s is set twice, first at %s", option->name, option->comment);
		return -1;
	}
	if (asprintf(&place, "%s:%d", section->filename, section->line) < 0)
		return -1;
	error = cfg_opt_setcomment(option, place);
	free(place);
	*(const char **)result = value;
	return error;
}

const char *parse_place(cfg_t *section, const char *key)
{
	const char *place = key ? cfg_opt_getcomment(cfg_getopt(section, key)) : NULL;

	if (!place && !*section->opts[0].name) /* SECTION_START */
		place = cfg_opt_getcomment(&section->opts[0]);
	return place ? place : section->filename;
}

bool parse_is_set(cfg_t *section, const char *key)
{
	return cfg_opt_getcomment(cfg_getopt(section, key)) != NULL;
}

/* All keys of the table, with commas; the caller frees it. NULL: out of memory. */
static char *key_names(const cfg_opt_t *keys)
{
	char *names = NULL;
	size_t size;
	FILE *out = open_memstream(&names, &size);

	if (!out)
		return NULL;
	for (const char *comma = ""; keys->name; keys++) {
		if (!*keys->name)
			continue;
		fprintf(out, "%s%s", comma, keys->name);
		comma = ", ";
	}
	fclose(out);
	return names;
}

void parse_log(const char *place, char *message)
{
	for (char *byte = message; *byte; byte++)
		if (iscntrl((unsigned char)*byte))
			*byte = '?';
	log_error("%s: %s", place, message);
}

static void __attribute__((format(printf, 2, 0)))
describe(const cfg_t *section, const char *format, va_list arguments, char *message, size_t size)
{
	if (strcmp(format, "no such option '%s'") == 0) {
		char *names = key_names(section->opts);

		snprintf(message, size, "unknown key %s; allowed here: %s",
			va_arg(arguments, const char *), names ? names : "");
		free(names);
	} else if (strcmp(format, "missing opening brace for section '%s'") == 0) {
		const char *name = va_arg(arguments, const char *);

		snprintf(message, size, "%s is a section: %s { key = value ... }", name, name);
	} else if (strcmp(format, "found duplicate title '%s'") == 0) {
		snprintf(message, size,
			"a section named \"%s\" exists already; names are unique over all files",
			va_arg(arguments, const char *));
	} else {
		vsnprintf(message, size, format, arguments);
	}
}

static void __attribute__((format(printf, 2, 0)))
log_parse_error(cfg_t *section, const char *format, va_list arguments)
{
	char message[1024], *place;

	describe(section, format, arguments, message, sizeof(message));
	if (asprintf(&place, "%s:%d", section->filename, section->line) < 0)
		return;
	parse_log(place, message);
	free(place);
}

static cfg_t *new_tree(cfg_opt_t *keys)
{
	cfg_t *tree = cfg_init(keys, CFGF_NONE);

	if (tree)
		cfg_set_error_function(tree, log_parse_error);
	else
		log_error("configuration: %s", reason(-ENOMEM));
	return tree;
}

/* What messages call the text that is parsed. */
static int rename_tree(cfg_t *tree, const char *name)
{
	char *filename = strdup(name);

	if (!filename)
		return -ENOMEM;
	free(tree->filename);
	tree->filename = filename;
	return 0;
}

/* cfg_parse_buf() would call every file "[buf]". */
static int parse_into(cfg_t *tree, const char *name, char *text, size_t len)
{
	FILE *stream;
	int status;

	if (len == 0)
		return 0;
	stream = rename_tree(tree, name) == 0 ? fmemopen(text, len, "r") : NULL;
	if (!stream) {
		log_error("%s: %s", name, reason(-ENOMEM));
		return -ENOMEM;
	}
	status = cfg_parse_fp(tree, stream);
	fclose(stream);
	return status == CFG_SUCCESS ? 0 : -EINVAL;
}

static int parse_file(cfg_t *tree, const char *file)
{
	char *text;
	size_t len;
	int error = source_load(file, &text, &len);

	if (error)
		return error;
	error = parse_into(tree, file, text, len);
	free(text);
	return error;
}

static int is_drop_in(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".conf") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int parse_drop_in(cfg_t *tree, const char *directory, const char *name)
{
	char *file;
	int error;

	if (asprintf(&file, "%s/%s", directory, name) < 0)
		return -ENOMEM;
	error = parse_file(tree, file);
	free(file);
	return error;
}

static int parse_drop_ins(cfg_t *tree, const char *file)
{
	struct dirent **entries;
	char *directory;
	int error = 0, count;

	if (asprintf(&directory, "%s.d", file) < 0)
		return -ENOMEM;
	count = scandir(directory, &entries, is_drop_in, by_name);
	if (count < 0 && errno != ENOENT) {
		error = -errno;
		log_error("%s: %s", directory, reason(error));
	}
	for (int i = 0; i < count; i++) {
		if (!error)
			error = parse_drop_in(tree, directory, entries[i]->d_name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	free(directory);
	return error;
}

cfg_t *parse_files(cfg_opt_t *keys, const char *file)
{
	cfg_t *tree = new_tree(keys);

	if (tree && (parse_file(tree, file) < 0 || parse_drop_ins(tree, file) < 0 ||
			    rename_tree(tree, file) < 0)) {
		cfg_free(tree);
		return NULL;
	}
	return tree;
}

cfg_t *parse_text(cfg_opt_t *keys, const char *name, char *text)
{
	cfg_t *tree = new_tree(keys);

	if (tree && parse_into(tree, name, text, strlen(text)) < 0) {
		cfg_free(tree);
		return NULL;
	}
	return tree;
}
