/*
 * tailer.conf(5), checked and complete: every value is in range, every default filled in.
 */
#ifndef CONFIG_TAILER_CONF_H
#define CONFIG_TAILER_CONF_H

#include "config/common_conf.h"
#include "lines/splitter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct handler_conf {
	char *name;     /* title */
	char *type;     /* "print", "file", "exec", "journal", "syslog", "serve", "module" */
	char *module;   /* type "module": path or bare name; else NULL */
	char **options; /* "name=value" for struct lk_settings, NULL at the end; the built-in
			   handlers' own keys (path, command, ...) are here too */
	char *place;    /* FILE:LINE where it was defined, for messages */
};

enum watch { WATCH_POLL, WATCH_INOTIFY };
enum start { START_BEGINNING, START_END };
enum ack { ACK_CLOSE, ACK_LINE };

struct tail_conf {
	char *name;
	char **paths;   /* absolute, globs allowed, NULL at the end */
	char **rotated; /* globs of rotated files, NULL at the end; empty: what logrotate makes
			   from each path */
	uint64_t interval_ns;
	uint64_t rescan_ns;
	uint64_t grace_ns;
	uint64_t checkpoint_interval_ns;
	uint64_t partial_timeout_ns; /* 0: an unterminated line waits */
	enum watch watch;
	enum start start;
	enum ack ack; /* how a client that pulls says what it has taken */
	size_t max_line;
	enum long_line long_line;
	size_t max_open;   /* descriptors held for idle files */
	char *dead_letter; /* NULL: the section holds at a bad line */
	unsigned retries;
	const struct handler_conf *handler; /* in the same tailer_conf */
	char *place;                        /* FILE:LINE where it was defined, for messages */
};

struct tailer_conf {
	struct common_conf common;
	struct handler_conf *handlers;
	size_t handler_count;
	struct tail_conf *tails;
	size_t tail_count;
};

/* Reads FILE and its drop-ins, FILE.d/NAME.conf in order of name. NULL after logging what is
 * wrong as FILE:LINE: message. */
struct tailer_conf *tailer_conf_load(const char *file);

/* A tail section with every default, for the ad-hoc form: these paths, handler "print". NULL: out
 * of memory. `state` may be NULL. */
struct tailer_conf *tailer_conf_adhoc(char *const *paths, size_t count);

/* The effective configuration, readable by tailer_conf_load() again. */
void tailer_conf_dump(const struct tailer_conf *conf, FILE *out);

/* One tail section together with its handler: equal text, nothing changed. Caller frees. */
char *tail_conf_text(const struct tail_conf *tail);

void tailer_conf_free(struct tailer_conf *conf);

#endif
