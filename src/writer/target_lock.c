#define XXH_INLINE_ALL
#include "writer/target_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

static int map_note(struct target_lock *lock)
{
	void *memory = mmap(NULL, sizeof(*lock->note), PROT_READ | PROT_WRITE,
		lock->fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, lock->fd, 0);

	if (memory == MAP_FAILED)
		return -errno;
	lock->note = memory;
	return 0;
}

/* What another boot has left cannot be believed: it was never synced. */
static void forget_other_boot(struct target_note *note)
{
	sd_id128_t boot = SD_ID128_NULL;

	if (sd_id128_get_boot(&boot) == 0 && sd_id128_equal(note->boot, boot))
		return;
	note->unfinished = note->truncating = 0;
	note->boot = boot;
}

int target_lock_open(struct target_lock *lock, int directory, const char *real_path)
{
	char name[64];
	int r;

	*lock = (struct target_lock){ .fd = -1 };
	if (directory < 0)
		return map_note(lock);
	snprintf(name, sizeof(name), "target-%016" PRIx64,
		(uint64_t)XXH3_64bits(real_path, strlen(real_path)));
	lock->fd = openat(directory, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock->fd < 0)
		return -errno;
	r = -posix_fallocate(lock->fd, 0, sizeof(*lock->note));
	if (r == 0)
		r = map_note(lock);
	if (r == 0)
		r = target_lock_take(lock);
	if (r < 0) {
		target_lock_close(lock);
		return r;
	}
	forget_other_boot(lock->note);
	target_lock_release(lock);
	return 0;
}

int target_lock_take(const struct target_lock *lock)
{
	return lock->fd >= 0 && flock(lock->fd, LOCK_EX) < 0 ? -errno : 0;
}

void target_lock_release(const struct target_lock *lock)
{
	if (lock->fd >= 0)
		flock(lock->fd, LOCK_UN);
}

void target_lock_close(struct target_lock *lock)
{
	if (lock->note)
		munmap(lock->note, sizeof(*lock->note));
	if (lock->fd >= 0)
		close(lock->fd);
	*lock = (struct target_lock){ .fd = -1 };
}
