/*
 * Which of the files on the disk are the known files of a stream, and what that tells of the
 * others.
 */
#ifndef LINES_MATCH_H
#define LINES_MATCH_H

#include "lines/candidates.h"

/* Gives each known file its candidate, if it has one. Content is proof, an inode only a hint: that
 * gets what is left. An empty file that has ended is not looked for: its inode may have been given
 * out again. candidates->error is set when a file may be there, but cannot be told now. */
void match_all(struct stream *stream, struct candidates *candidates, const struct look *look);

/* Was a candidate found for the file? */
bool match_found(const struct logfile *file, const struct candidates *candidates);

/* Has the file ended, as all before it, and does a younger one tell where we are? Then it need not
 * be found: it may be much to unpack. */
bool match_needless(const struct stream *stream, const struct logfile *file,
	const struct candidates *candidates);

/* The oldest candidate that we know marks where we are; the count, if we know none. */
size_t match_mark(const struct candidates *candidates);

/* Does the mark tell which siblings are history? A file of which nothing has been seen is known by
 * its inode alone: it may have been written and truncated since, with a copy among the siblings. */
bool match_is_sure(const struct stream *stream, const struct candidates *candidates, size_t mark);

#endif
