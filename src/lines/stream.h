/*
 * A stream: one live path, and the files that bore it one after the other. They are read in that
 * order; the file that took over the path waits until the one before it has ended on a complete
 * line, or for `grace` at most.
 *
 * A change at the path (another inode, a truncation, a restart) is one question with one
 * answer, stream_assemble(): which of the files we know is where now, and which have come
 * since? What a file is, is told by its place (lines/place.h).
 */
#ifndef LINES_STREAM_H
#define LINES_STREAM_H

#include "lines/logfile.h"
#include "lines/names.h"
#include "lines/reader.h"
#include "lines/siblings.h"

#include <stdbool.h>

struct stream_rules {
	char *const *rotated; /* see lines/siblings.h */
	uint64_t grace_ns;
	uint64_t partial_timeout_ns; /* 0: none */
	bool start_at_end;           /* for files present at the section's first look ever */
};

struct stream {
	char *path;
	struct names siblings; /* what may be rotated files of it, by their directory's time */
	struct logfile *oldest;
	struct accounts total;  /* of files that are over */
	int trouble;            /* last errno reported for the path */
	uint64_t looked;        /* CLOCK_REALTIME, ns: when all its files were last told apart */
	uint64_t missing_since; /* CLOCK_MONOTONIC, ns: nothing at the path; 0: something is */
	int lookup_trouble;     /* last errno reported for finding its files */
	bool changed;           /* a checkpoint is due: its files are no longer the same */
	bool assembled;         /* its files have been looked for in this life */
	bool postponed;         /* one was not found: others are to look first, see struct look */
	bool missing;           /* a file of the checkpoint was not found again */
};

enum claim {
	CLAIM_NEW,   /* nobody's */
	CLAIM_MOVED, /* was another stream's, is now ours */
	CLAIM_OTHER, /* another stream's: a second name for it, or not read to its end there */
};

/* What a look needs to know of the section. */
struct look {
	const struct stream_rules *rules;
	uint64_t now;  /* CLOCK_MONOTONIC, ns */
	uint64_t last; /* CLOCK_REALTIME, ns, of the last look ever; 0: this is the first */
	bool final;    /* what is not found now is gone; else another stream may claim it first */
	/* Does another stream know the file at this path? One that was renamed to it is appended to
	 * `self`. */
	enum claim (*claim)(const struct look *look, struct stream *self, const char *path,
		const struct stat *st);
	void *context;
	struct listing *listing;
	size_t *spare; /* descriptors that may still be opened for files that are only looked at */
};

/* NULL: out of memory. */
struct stream *stream_new(const char *path);
void stream_free(struct stream *stream);

/* Appends a file as the youngest, as of a checkpoint. */
void stream_append(struct stream *stream, struct logfile *file);

/* Looks at the path and at the open files: notes what has grown, been rotated, truncated,
 * removed. */
void stream_look(struct stream *stream, const struct look *look);

/* At the open files that the path has left behind only. */
void stream_look_at_others(struct stream *stream, const struct look *look);

/* Reads on where there is something: 1 with a reading to hand over; 0: nothing for now. A partial
 * line of any file counts with `flush`. */
int stream_read(struct stream *stream, struct reader *reader, const struct look *look, bool flush,
	struct reading *reading);

/* Lets go of files that are over. The number of descriptors held open. */
size_t stream_tidy(struct stream *stream, const struct look *look);

/* Does it wait for a moment to pass (grace, partial_timeout) rather than for bytes? */
bool stream_waits(const struct stream *stream, const struct stream_rules *rules);

/* The oldest file of which more is expected; NULL if there is none. */
struct logfile *stream_current(const struct stream *stream);

/* The file that was last seen with this inode; NULL if there is none. */
struct logfile *stream_find(const struct stream *stream, const struct stat *st);

/* The file goes on in another stream. */
void stream_take_out(struct stream *stream, struct logfile *file);

/* Nothing is left of it: no file, and nothing at its path. */
bool stream_over(const struct stream *stream);

#endif
