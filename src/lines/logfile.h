/*
 * One file that bears a live path, or bore it before a rotation.
 */
#ifndef LINES_LOGFILE_H
#define LINES_LOGFILE_H

#include "lines/content.h"
#include "lines/record.h"

struct logfile {
	struct record record;
	struct content *content; /* NULL: not open */
	struct logfile *younger; /* the file that took over the live path */
	uint64_t quiet_since;    /* CLOCK_MONOTONIC, ns: neither written nor renamed since */
	uint64_t noted;          /* size at the last look, of what may be other content by now */
	size_t partial;          /* bytes of an unterminated end, as of the last reading */
	bool named;              /* the live path leads to it */
	bool unread;             /* there may be more to read */
	bool recorded;           /* a checkpoint knows it by content, and that more is to come */
	bool unseen;             /* nothing of its content was, at the last look that found it */
	bool displaced;          /* its content is gone from its inode: truncated or overwritten */
	int trouble;             /* last errno reported, so that it is reported once */
};

/* A file to be read from its first byte. NULL: out of memory. */
struct logfile *logfile_new(const char *path, const struct stat *st);

/* Was the file last seen with this device and inode? A hint, no proof: see lines/place.h. */
bool logfile_leads_to(const struct logfile *file, const struct stat *st);

/* Opens the content at record.path, unless it is open. 0, a negative errno, or -ESTALE when the
 * path leads to another file by now, or to none. */
int logfile_open(struct logfile *file);

/* Takes note of the head of a file that is not to be read yet, unless it has been seen. */
void logfile_see(struct logfile *file);

/* Closes the content. */
void logfile_close(struct logfile *file);

/* Takes note of the file's size and times. True if there may be something new to read. */
bool logfile_note(struct logfile *file, const struct stat *st, uint64_t now);

/* Has it another size, or was it written, since the last logfile_note()? */
bool logfile_changed(const struct logfile *file, const struct stat *st);

/* The largest size seen, verified or not. */
uint64_t logfile_size(const struct logfile *file);

/* Has another file taken over its path, and has it been dealt with to its end? Then nothing of it
 * can be missing, unless late lines come. */
bool logfile_over(const struct logfile *file);

/* Is it dealt with to the end of what was seen? */
bool logfile_finished(const struct logfile *file);

/* 0 or -ENOMEM. */
int logfile_set_path(struct logfile *file, const char *path);

void logfile_free(struct logfile *file);

#endif
