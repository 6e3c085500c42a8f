/*
 * A place in a file, known by content: how a file is found again after it was renamed,
 * truncated, copied or compressed, and told apart from another with the same inode.
 *
 * Hashes are XXH3 of 64 bits over at most 1 KiB at the start and 1 KiB before the offset, so a
 * place only speaks of bytes that have been seen. NULs at the start are no evidence, every log that
 * was truncated under a writer without O_APPEND has them: the head begins behind them. A device
 * number may change (reboot, NFS, btrfs) and an inode may be reused: neither proves anything alone.
 *
 * Functions return 0 or a negative errno and leave *place as it was on an error.
 */
#ifndef LINES_PLACE_H
#define LINES_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PLACE_WINDOW 1024 /* bytes hashed at the start and before the offset */
#define PLACE_TEXT 160    /* room for place_format() */

struct place {
	dev_t device;
	ino_t inode;
	uint64_t offset;
	uint64_t head_hash;   /* of bytes [head_start, head_start + head_length) */
	uint64_t tail_hash;   /* of the bytes just before offset, at most PLACE_WINDOW */
	uint32_t head_length; /* of what has been seen, also behind the offset; at most PLACE_WINDOW
			       */
	uint64_t head_start;
};

/* Bytes [start, start + len) of a file, in memory. */
struct stretch {
	const char *bytes;
	uint64_t start;
	size_t len;
};

/* Reads like pread(2), but less than `len` only at the end of what there is; a count or a
 * negative errno. What a place is compared with need not be a plain file. */
typedef ssize_t (*place_reader)(void *source, void *buffer, size_t len, uint64_t offset);

/* Has anything of the file been seen but NULs? Else only its inode tells it from others. */
bool place_seen(const struct place *place);

/* How many bytes before its offset a place looks at. */
size_t place_tail_length(const struct place *place);

/* The place at `offset` of an open file; -ENODATA when the file is shorter. place_set() leaves
 * device and inode as they are. */
int place_take(struct place *place, int fd, uint64_t offset);
int place_set(struct place *place, place_reader read, void *source, uint64_t offset);

/* Does this content lead to the place? 1, 0, or a negative errno. Device and inode are not
 * compared. A place of which nothing was seen fits everything. */
int place_fits(const struct place *place, int fd);
int place_fits_content(const struct place *place, place_reader read, void *source);

/* The two halves of the question: the head alone (1, 0, or a negative errno), and the tail
 * alone in a stretch that covers it. */
int place_head_fits(const struct place *place, place_reader read, void *source);
bool place_tail_fits(const struct place *place, const struct stretch *stretch);

/* Moves on to `offset`. The stretch must cover the bytes from the old place's tail up to it.
 * place_see() stays, and takes note of a head that has grown; the stretch begins at the old place's
 * tail. */
void place_advance(struct place *place, const struct stretch *stretch, uint64_t offset);

void place_see(struct place *place, const struct stretch *stretch);

bool place_same_inode(const struct place *a, const struct place *b);

/* One word of printable text, and back (0 or -EINVAL). */
void place_format(const struct place *place, char text[PLACE_TEXT]);
int place_parse(struct place *place, const char *text);

#endif
