/*
 * An output file that is known again after a crash, to the byte.
 *
 * Its token names the file and its length at a commit. What it holds beyond that, when it is
 * opened again, is in doubt: the same lines may come again. It is cut off if all of them are
 * sure to come; otherwise complete lines stay and the possible repeats are reported. Another
 * file at the path is only ever appended to.
 *
 * The file is locked for life; its users write to `fd` by themselves.
 */
#ifndef HANDLERS_OUTPUT_H
#define HANDLERS_OUTPUT_H

#include <linekeeper/handler.h>

#include <stdbool.h>

#define OUTPUT_TOKEN 192 /* room for output_token() */

struct output {
	const struct lk_settings *settings;
	const char *path; /* the opener's */
	int fd;           /* O_APPEND */
	bool full;        /* a full disk has been reported, its end not yet */
};

/* For check(): `path` is absolute, its directory exists, what is there is a regular file. */
int output_check(const char *path, char *reason, size_t size);

/* Makes the name of `path`, open as `fd`, durable: a new one is not by fsync(2) of the file. */
int sync_directory(const char *path, int fd);

/* Opens and locks, making the file (0640) if need be; returns 0 or a negative errno with the
 * reason. */
int output_open(struct output *output, const struct lk_settings *settings, const char *path,
	char *reason, size_t size);

/* Compares with what output_token() wrote, and cuts off or reports what is in doubt. 0 or a
 * negative errno with the reason. */
int output_resume(struct output *output, const struct lk_resume *resume, char *reason, size_t size);

/* 1: the file ends in the middle of a line. 0, or a negative errno. */
int output_ends_torn(const struct output *output);

/* After a write that returned `error` (negative errno or 0): a full disk is LK_LATER, reported
 * once. */
enum lk_verdict output_verdict(struct output *output, int error, struct lk_result *result);

/* Makes the content durable and fills the token: one word. 0 or a negative errno. */
int output_commit(struct output *output, char token[OUTPUT_TOKEN]);

/* If the path leads to another file now, makes the old one durable and opens that. The old one
 * stays in use, with an error logged, when that cannot be opened. 0 or a negative errno. */
int output_reopen(struct output *output);

void output_close(struct output *output);

#endif
