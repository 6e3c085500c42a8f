/*
 * A place in a file, known by content: how a file is found again after it was renamed,
 * truncated, copied or compressed, and told apart from another with the same inode.
 *
 * Hashes are XXH3 of 64 bits over at most 1 KiB at the start and 1 KiB before the place. A device
 * number may change (reboot, NFS, btrfs) and an inode may be reused, so neither proves
 * anything alone.
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
	uint64_t head_hash; /* of bytes [0, head_length) */
	uint64_t tail_hash; /* of the bytes just before offset, at most PLACE_WINDOW */
	uint32_t head_length;
};

/* Where bytes come from: an open file, or the uncompressed content of one. Like pread(2), but
 * less than `len` only at the end; negative errno. */
typedef ssize_t (*place_read)(void *source, void *buffer, size_t len, uint64_t offset);

/* The place at `offset` of an open file. 0, -ENODATA when it is shorter, or a negative errno. */
int place_take(struct place *place, int fd, uint64_t offset);

/* Does the content of `fd` still lead to this place? 1, 0, or a negative errno. Device and inode
 * are not compared. A place at offset 0 fits everything: the caller must ask for the inode. */
int place_fits(const struct place *place, int fd);

bool place_same_inode(const struct place *a, const struct place *b);

/* One word of printable text, and back (0 or -EINVAL). */
void place_format(const struct place *place, char text[PLACE_TEXT]);
int place_parse(struct place *place, const char *text);

#endif
