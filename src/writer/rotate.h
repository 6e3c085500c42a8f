/*
 * Rotation of a target by the writer itself: TARGET.1 is the youngest, TARGET.2 the one before.
 *
 * All is done while holding the lock of the target and with no batch on its way, in steps that a
 * kill may come between: what was begun is finished, and no line is lost or there twice.
 */
#ifndef WRITER_ROTATE_H
#define WRITER_ROTATE_H

#include "config/writer_conf.h"
#include "writer/target.h"
#include "writer/target_lock.h"

/* Is it time to, before so many bytes are added to the target? */
bool rotate_is_due(
	const struct rotate_conf *conf, const struct target *target, size_t more, uint64_t next_ns);

/* 0 or a negative errno: then the target goes on as it is, unless the note says that it is being
 * truncated. */
int rotate(const struct rotate_conf *conf, struct target *target, struct target_note *note);

/* Finishes what an earlier life has begun. */
int rotate_recover(struct target *target, struct target_note *note);

/* Likewise, at the start: a generation that is there plain and compressed. */
void rotate_tidy(const struct target *target);

#endif
