/*
 * All the streams of one section: from patterns to paths, from a checkpoint and back to one.
 */
#ifndef LINES_TRACKER_H
#define LINES_TRACKER_H

#include "lines/names.h"
#include "lines/stream.h"

#include <stdio.h>

/* Kind and version of a checkpoint, see base/state.h: first "token TEXT", then what tracker_write()
 * writes. */
#define CHECKPOINT_KIND "linekeeper-tail 1"

struct tracker {
	struct stream_rules rules;
	size_t max_open; /* descriptors for files that are idle */
	struct names *patterns;
	size_t pattern_count;
	struct stream **streams; /* by path */
	size_t count;
	struct accounts ended; /* of streams of which nothing is left */
	uint64_t last_look;    /* CLOCK_REALTIME, ns; 0: never */
	struct listing listing;
	size_t spare; /* descriptors, of max_open */
	bool changed; /* the set of files has, since the last tracker_recorded() */
	bool forgot;  /* files of the checkpoint, see tracker_forget_unconfigured() */
	uint64_t now; /* CLOCK_MONOTONIC, ns, of the look that goes on */
};

/* `paths` ends with NULL and, like the rules, lives as long as the tracker. 0 or -ENOMEM. */
int tracker_init(struct tracker *tracker, char *const *paths, const struct stream_rules *rules,
	size_t max_open);
void tracker_free(struct tracker *tracker);

/* The stream with this path, made if need be. NULL: out of memory. */
struct stream *tracker_stream(struct tracker *tracker, const char *path);

/* Looks for new paths where a directory has changed, or everywhere with `all`; then at every path
 * and open file. */
void tracker_look(struct tracker *tracker, bool all);

/* Looks at one path only. False if no stream has it. */
bool tracker_look_at(struct tracker *tracker, const char *path);

/* Looks at the open files that are no longer at their live path. */
void tracker_look_at_others(struct tracker *tracker);

/* Some path or pattern for each `index` from 0 on, NULL at the end: what stands before its last
 * slash are the directories to be watched. Wildcards in there are left out. */
const char *tracker_directory_of(const struct tracker *tracker, size_t index);

/* Does a path or glob of the section name it? */
bool tracker_covers(const struct tracker *tracker, const char *path);

/* Reads on in one stream, see stream_read(). */
int tracker_read(struct tracker *tracker, size_t stream, struct reader *reader, bool flush,
	struct reading *reading);

/* Takes note of the heads of files that nothing has been read of, so that one checkpoint knows them
 * all by content. */
void tracker_see(struct tracker *tracker);

/* When there are no descriptors to spare, lets go of what has been read in one stream. */
void tracker_spare(struct tracker *tracker, size_t stream);

/* Lets go of files that are over and descriptors beyond max_open. */
void tracker_tidy(struct tracker *tracker);

/* Does any stream wait for a moment to pass? */
bool tracker_waits(const struct tracker *tracker);

/* All files together, over all their lives. */
struct tracker_summary {
	struct accounts accounts;
	uint64_t pending; /* bytes seen, and not yet dealt with */
	size_t files, open;
};
void tracker_summarise(const struct tracker *tracker, struct tracker_summary *summary);

/* The checkpoint's body, without the handler's token; and back. A damaged one: -EBADMSG. */
void tracker_write(const struct tracker *tracker, FILE *out);
int tracker_read_line(struct tracker *tracker, char *line);

/* What has been written, or read, is what the saved checkpoint says. */
void tracker_recorded(struct tracker *tracker);

/* Does the saved checkpoint know every file from which lines may come? */
bool tracker_all_recorded(const struct tracker *tracker);

/* Drops what a checkpoint has of paths that the section no longer names. */
void tracker_forget_unconfigured(struct tracker *tracker);

/* After the first look: how many bytes there are to be read of the files that are known by now;
 * UINT64_MAX when a compressed one is among them. */
uint64_t tracker_unread(const struct tracker *tracker);

/* After the first look: has every file of the checkpoint been found again at its place? */
bool tracker_all_found(const struct tracker *tracker);

#endif
