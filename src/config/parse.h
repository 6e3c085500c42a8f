/*
 * Configuration files to a libconfuse tree that remembers where everything was said.
 *
 * A table of keys is made of the macros below; all values are strings, read by take.h. libconfuse
 * keeps no line for an option, but has room for a comment on each, and real comments never reach
 * it: the comment is "FILE:LINE".
 */
#ifndef CONFIG_PARSE_H
#define CONFIG_PARSE_H

#include <confuse.h>
#include <stdbool.h>

int parse_note_place(cfg_t *section, cfg_opt_t *option, const char *value, void *result);

/* libconfuse copies these tables but wants them writable. */
#define KEY(name, default_value) CFG_STR_CB(name, default_value, CFGF_NONE, parse_note_place)
#define LIST_KEY(name) CFG_STR_LIST_CB(name, NULL, CFGF_NONE, parse_note_place)
#define SECTION(name, keys) CFG_SEC(name, keys, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES)

/* A section within a section, without a name of its own. */
#define PART(name, keys) CFG_SEC(name, keys, CFGF_MULTI)

/* First in the table of each section: no file can set a key without a name, but its default is
 * parsed when the section opens, which is how the section's place is learnt. */
#define SECTION_START CFG_STR_LIST_CB("", (char *)"{start}", CFGF_NONE, parse_note_place)

/* `file` and then its drop-ins, `file`.d/NAME.conf by strcmp(3) of their names, into one tree: the
 * titles of sections are unique over all of them, a later file's top-level keys override. NULL
 * after logging FILE:LINE: message. cfg_free() it. */
cfg_t *parse_files(cfg_opt_t *keys, const char *file);

/* The same of a text in memory, called `name` in messages. */
cfg_t *parse_text(cfg_opt_t *keys, const char *name, char *text);

/* "FILE:LINE" of the key's value, or of its section if it was not set or `key` is NULL. Lives as
 * long as the tree. */
const char *parse_place(cfg_t *section, const char *key);

/* Logs "PLACE: message" as one line, whatever the message quotes. */
void parse_log(const char *place, char *message);

/* Was it set by a file? */
bool parse_is_set(cfg_t *section, const char *key);

#endif
