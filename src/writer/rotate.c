#include "writer/rotate.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define PACKED ".gz"
#define UNFINISHED ".tmp"
#define BLOCK ((size_t)64 << 10)
#define GENERATION_MODE 0640

struct name {
	char text[PATH_MAX];
};

static struct name name_of(const struct target *target, unsigned generation, const char *ending)
{
	struct name name;

	snprintf(name.text, sizeof(name.text), "%s.%u%s", target->real_path, generation, ending);
	return name;
}

static bool exists(const struct name *name)
{
	return access(name->text, F_OK) == 0;
}

/* Which is complete as soon as it has its name. */
static void drop_packed_twin(const struct target *target, unsigned generation)
{
	struct name plain = name_of(target, generation, ""),
		    packed = name_of(target, generation, PACKED);

	if (exists(&packed) && exists(&plain))
		unlink(plain.text);
}

static bool is_taken(const struct target *target, unsigned generation)
{
	struct name plain = name_of(target, generation, ""),
		    packed = name_of(target, generation, PACKED);

	return exists(&plain) || exists(&packed);
}

static int move(const struct target *target, unsigned generation, const char *ending)
{
	struct name from = name_of(target, generation, ending),
		    to = name_of(target, generation + 1, ending);

	return rename(from.text, to.text) < 0 && errno != ENOENT ? -errno : 0;
}

static void drop(const struct target *target, unsigned generation)
{
	struct name plain = name_of(target, generation, ""),
		    packed = name_of(target, generation, PACKED);

	unlink(plain.text);
	unlink(packed.text);
}

/* Up to the first number that is free: an interrupted move has left one. */
static int make_room(const struct rotate_conf *conf, const struct target *target)
{
	unsigned free = 1;
	int r = 0;

	while (free <= conf->keep && is_taken(target, free))
		drop_packed_twin(target, free++);
	if (free > conf->keep)
		drop(target, --free);
	for (unsigned i = free - 1; i > 0 && r == 0; i--) {
		r = move(target, i, "");
		if (r == 0)
			r = move(target, i, PACKED);
	}
	return r;
}

static int copy_content(int from, int to)
{
	char block[BLOCK];
	off_t offset = 0;
	ssize_t n;

	while ((n = pread(from, block, sizeof(block), offset)) > 0) {
		if (write(to, block, (size_t)n) != n)
			return errno ? -errno : -ENOSPC;
		offset += n;
	}
	return n < 0 || fsync(to) < 0 ? -errno : 0;
}

static int copy_to(int from, const char *path)
{
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, GENERATION_MODE);
	int r;

	if (to < 0)
		return -errno;
	errno = 0;
	r = copy_content(from, to);
	close(to);
	if (r < 0)
		unlink(path);
	return r;
}

/* From the moment the note is there the copy is complete, and the target holds nothing that is not
 * in it: whoever comes after a kill gives the copy its name and empties the target. */
int rotate_recover(struct target *target, struct target_note *note)
{
	struct name unfinished = name_of(target, 1, UNFINISHED), first = name_of(target, 1, "");

	if (!note->truncating)
		return 0;
	if (rename(unfinished.text, first.text) < 0 && errno != ENOENT) {
		int r = -errno;

		note->truncating = 0; /* before the copy goes: without it, it has got its name */
		unlink(unfinished.text);
		return r;
	}
	if (ftruncate(target->fd, 0) < 0)
		return -errno;
	note->truncating = 0;
	return 0;
}

static int copy_and_truncate(struct target *target, struct target_note *note)
{
	struct name unfinished = name_of(target, 1, UNFINISHED);
	int r = copy_to(target->fd, unfinished.text);

	if (r < 0)
		return r;
	note->truncating = 1;
	return rotate_recover(target, note);
}

static int rename_away(struct target *target)
{
	struct name first = name_of(target, 1, "");

	if (rename(target->real_path, first.text) < 0)
		return -errno;
	return target_reopen(target);
}

/* Compression */

static int pack_content(int from, gzFile to)
{
	char block[BLOCK];
	ssize_t n;

	while ((n = read(from, block, sizeof(block))) > 0)
		if (gzwrite(to, block, (unsigned)n) != n)
			return -ENOSPC;
	return n < 0 ? -errno : gzflush(to, Z_FINISH) == Z_OK ? 0 : -ENOSPC;
}

static int pack_to(int from, const char *path)
{
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, GENERATION_MODE);
	gzFile packed = to < 0 ? NULL : gzdopen(to, "w");
	int r;

	if (!packed) {
		r = to < 0 ? -errno : -ENOMEM;
		if (to >= 0)
			close(to);
		return r;
	}
	r = pack_content(from, packed);
	if (r == 0 && fsync(to) < 0)
		r = -errno;
	if (gzclose(packed) != Z_OK && r == 0)
		r = -EIO;
	if (r < 0)
		unlink(path);
	return r;
}

static int pack(const struct target *target)
{
	struct name plain = name_of(target, 1, ""), packed = name_of(target, 1, PACKED),
		    unfinished = name_of(target, 1, PACKED UNFINISHED);
	int from = open(plain.text, O_RDONLY | O_CLOEXEC), r;

	if (from < 0)
		return -errno;
	r = pack_to(from, unfinished.text);
	close(from);
	if (r == 0 && rename(unfinished.text, packed.text) < 0)
		r = -errno;
	if (r == 0)
		unlink(plain.text);
	return r;
}

/* Both */

void rotate_tidy(const struct target *target)
{
	if (target->real_path && !target->stream)
		drop_packed_twin(target, 1);
}

bool rotate_is_due(
	const struct rotate_conf *conf, const struct target *target, size_t more, uint64_t next_ns)
{
	struct stat st;

	if ((!conf->size && !conf->interval_ns) || target->stream || fstat(target->fd, &st) < 0 ||
		st.st_size == 0)
		return false;
	if (conf->interval_ns && clock_monotonic_ns() >= next_ns)
		return true;
	return conf->size && (uint64_t)st.st_size + more > conf->size;
}

int rotate(const struct rotate_conf *conf, struct target *target, struct target_note *note)
{
	int r = make_room(conf, target);

	if (r == 0)
		r = conf->copy ? copy_and_truncate(target, note) : rename_away(target);
	if (r == 0 && conf->compress) {
		r = pack(target);
		if (r < 0)
			log_warning("%s.1: cannot be compressed: %s", target->path, reason(r));
		return 0;
	}
	return r;
}
