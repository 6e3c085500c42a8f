/*
 * The bytes on their way to a target, in memory that outlives the process: a mapped file in the
 * state directory. After a kill -9 whoever writes to the target next finishes what was begun, so a
 * line is never torn and a restarted section knows its very next byte.
 *
 * Nothing of it is synced to the disk. After another boot it is not believed: the checkpoint is.
 */
#ifndef WRITER_BATCH_H
#define WRITER_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-id128.h>

#define BATCH_BYTES ((size_t)256 << 10) /* whole lines up to this go out in one write */
#define BATCH_LINE_MAX ((size_t)64 << 20)

/* How far a section has come. */
struct position {
	uint64_t offset;        /* of the first source byte not yet written */
	uint64_t lines;         /* written so far */
	uint64_t newline_added; /* 1: the source ended there without one, so it got one */
	uint64_t rounds;        /* through the whole source, before this one */
};

struct batch_header {
	uint64_t version;
	sd_id128_t boot;
	struct position done; /* true now */
	struct position next; /* true once the batch is written */
	uint64_t start;       /* of the batch in the buffer */
	uint64_t length;      /* 0: there is no batch */
	uint64_t written; /* so many bytes of it are in the target; after a kill -9 perhaps more */
	uint64_t device;  /* of the target, as it was just before */
	uint64_t inode;
	uint64_t size;
	uint64_t
		rest_begin; /* in the buffer: what was read of the source and is in no batch yet; */
	uint64_t rest_end;  /* a stream will not say it again */
};

struct batch {
	int fd;
	struct batch_header *header;
	char *data;
	size_t capacity; /* bytes at `data` */
	bool survived;   /* the header comes from an earlier life, in this same boot */
};

/* Maps the file `name` in `directory`, making it; directory -1: plain memory. 0 or negative errno.
 */
int batch_open(struct batch *batch, int directory, const char *name);

/* Somebody else's, to finish it: -ENOENT, or -EBADMSG if it makes no sense. */
int batch_open_other(struct batch *batch, int directory, const char *name);

/* The next batch: bytes [start, start + length) of the buffer. */
void batch_set(struct batch *batch, size_t start, size_t length, const struct position *next);

/* Doubles the room, up to BATCH_LINE_MAX: then -EFBIG. `data` and `header` move. */
int batch_grow(struct batch *batch);

void batch_close(struct batch *batch);

#endif
