/*
 * Compressed files as they are written, by libarchive. What reads them is lines/unpack.h.
 */
#ifndef LINES_PACK_H
#define LINES_PACK_H

enum pack_format { PACK_NONE, PACK_GZ, PACK_XZ, PACK_ZST, PACK_BZ2, PACK_LZ4, PACK_FORMATS };

/* What a name of such a file ends with: ".gz"; "" for PACK_NONE. */
const char *pack_ending(enum pack_format format);

/* All of the file `from`, compressed into the empty file `to`, and synced. Quickly rather than
 * small, with a few MB of memory. 0, -ELIBACC when libarchive is not installed, or a negative
 * errno. */
int pack_file(enum pack_format format, int from, int to);

#endif
