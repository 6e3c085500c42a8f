/*
 * Whose turn it is to append to a target, among all sections that share a state directory: a lock
 * file named after the target, and in it a note of the batch that is on its way. It lies in the
 * state directory, so that readers of the target never meet it.
 */
#ifndef WRITER_TARGET_LOCK_H
#define WRITER_TARGET_LOCK_H

#include <stdint.h>
#include <systemd/sd-id128.h>

/* To be looked at while holding the lock only. */
struct target_note {
	sd_id128_t boot;
	_Atomic uint32_t unfinished; /* the batch file `owner` is on its way */
	char owner[256];
	_Atomic uint32_t truncating; /* the target has been copied and is about to be emptied */
};

struct target_lock {
	int fd; /* -1: nobody to share with */
	struct target_note *note;
};

/* `directory` -1: plain memory. 0 or a negative errno. */
int target_lock_open(struct target_lock *lock, int directory, const char *real_path);

/* Waits for it: it is held for the time of a write(2). 0 or a negative errno. */
int target_lock_take(const struct target_lock *lock);

void target_lock_release(const struct target_lock *lock);

void target_lock_close(struct target_lock *lock);

#endif
