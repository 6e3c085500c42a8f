/*
 * The files on the disk that a stream's files may be, and which is which: device and inode are
 * hints, content is the proof (lines/place.h).
 */
#ifndef LINES_CANDIDATES_H
#define LINES_CANDIDATES_H

#include "lines/siblings.h"
#include "lines/stream.h"

/* A file on the disk that may be one of the stream's, or a new one. */
struct candidate {
	const char *path;
	struct stat st;
	bool live;             /* the live path itself */
	struct logfile *match; /* the known file that it is, or a copy of */
	bool shorter;          /* a copy that was made before all of it had been read */
};

struct candidates {
	struct candidate *list; /* oldest first, the live path last */
	size_t count;
	struct siblings siblings; /* owns the paths */
	bool unlisted;            /* the directory may not be read: siblings are unknown */
	int error;                /* a known file may be there, but cannot be told now */
};

/* The rotated siblings and, unless it is NULL, the live path. 0 or a negative errno;
 * candidates_free() is due in any case. */
int candidates_list(const struct stream *stream, const struct stat *live, const struct look *look,
	struct candidates *candidates);
void candidates_free(struct candidates *candidates);

bool candidate_same_inode(const struct logfile *file, const struct candidate *candidate);

/* 0, -ESTALE when its name leads to another file by now, or another negative errno. */
int candidate_open(const struct candidate *candidate, struct content **content);

/* Is the candidate the file? 1, 0, or a negative errno when that cannot be told now. */
int candidate_fits(
	const struct logfile *file, const struct candidate *candidate, const struct look *look);

/* Where is a file of which we only have the record? In this order: same device and inode, same
 * inode, the oldest that was written since the record was, same path, any. *error is set when the
 * answer NULL is not certain: no descriptors, no memory, a bad disk, or the file itself may not be
 * read; -ESTALE: the list is out of date. */
struct candidate *candidates_find_closed(const struct logfile *file, struct candidates *candidates,
	const struct look *look, int *error);

/* Where is a file that we hold open? Where its inode is; else a copy of it may mark the place, or
 * an editor has replaced it by a file that goes on where it stood. *error as above. */
struct candidate *candidates_find_open(const struct logfile *file, struct candidates *candidates,
	const struct look *look, int *error);

/* A copy that was made before all of the file had been read: it begins as the file does and ends
 * before our place. Nothing in it is new. */
struct candidate *candidates_find_shorter_copy(
	const struct logfile *file, struct candidates *candidates);

#endif
