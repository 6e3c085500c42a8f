/*
 * Batches into a target, each whole and once.
 *
 * A batch is noted, written, and marked as done, all under the lock of the target. Who finds a note
 * of a batch that is not finished finishes it first, whoever began it: so a restart, a full disk
 * and a neighbour killed in the middle of a line are all the same case.
 */
#ifndef WRITER_APPEND_H
#define WRITER_APPEND_H

#include "config/writer_conf.h"
#include "writer/batch.h"
#include "writer/target.h"
#include "writer/target_lock.h"

struct append {
	struct target target;
	struct target_lock lock;
	struct batch batch;
	int directory;
	char owner[256];                  /* the file name of the batch */
	const struct rotate_conf *rotate; /* the caller's to set; NULL: never */
	uint64_t rotation_ns;             /* when the next one is due by time */
	uint64_t rotation_retry_ns;
	bool rotated; /* since the caller has last looked */
};

#define APPEND_CLOSED                                                                              \
	{                                                                                          \
		.target.fd = -1, .lock.fd = -1, .batch.fd = -1                                     \
	}

/* For one that was closed but for its target, which is open. `state` is the state directory, or -1:
 * then nothing is kept and nobody shared with. `section` names the batch file. What was begun in an
 * earlier life is finished; if the target cannot be written to now, it stays the batch to go on
 * with. Logs the reason before it returns a negative errno. */
int append_open(struct append *append, int state, const char *section);

/* Writes the batch; its `done` is then its `next`, its length 0. After an error call it again
 * until it returns 0, with the buffer untouched: it goes on at the very byte. */
int append_batch(struct append *append);

void append_close(struct append *append);

#endif
