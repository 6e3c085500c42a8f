/*
 * Where a replay goes on when nothing but the checkpoint is left, after a power cut: what the
 * target has grown by since is compared with what the source says next.
 */
#ifndef WRITER_RESUME_H
#define WRITER_RESUME_H

#include "writer/checkpoint.h"

struct resume_files {
	place_reader read; /* of the source */
	void *source;
	int target;
};

/*
 * The position behind all bytes of the target that can be proven to come from the source. The
 * checkpoint must fit the source. Where the target tells nothing (it was rotated, truncated, or is
 * no file), that is the checkpoint's own: losing lines is worse than repeating them.
 */
int resume_by_growth(const struct checkpoint *checkpoint, const struct resume_files *files,
	struct position *position);

#endif
