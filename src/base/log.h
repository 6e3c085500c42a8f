/*
 * Messages to whoever looks after the daemon: one line each, the thing first, then the
 * reason ("/etc/x.conf: Permission denied").
 *
 * The place they go to is the process's own, as its standard error is; it is set once by
 * main() and again when a daemon leaves its terminal.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <syslog.h>

enum log_target {
	LOG_TO_AUTO,    /* the journal's prefixes if stderr is its stream, else plain stderr */
	LOG_TO_STDERR,  /* "program: message" */
	LOG_TO_SYSLOG,  /* syslog(3), facility daemon */
	LOG_TO_JOURNAL, /* sd_journal_send(3) */
	LOG_TO_NOTHING, /* inetd: descriptor 2 belongs to the client */
};

/* `program` must live as long as the process. */
void log_open(const char *program, enum log_target target);

/* Messages less urgent than `level` (LOG_ERR .. LOG_DEBUG) are dropped; LOG_INFO at first. */
void log_set_level(int level);

/* Says which section speaks, behind the program's name; NULL for none. Copied. */
void log_set_section(const char *section);

/* Plain text to this descriptor instead of the target, until called with -1. */
void log_divert(int fd);

/* All of these keep errno. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* strerror(3) of a negative errno, as this code base returns it. */
const char *reason(int error);

#endif
