#include "writer/rotate.h"

#include "base/clock.h"
#include "base/log.h"
#include "lines/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNFINISHED ".tmp"
#define BLOCK ((size_t)64 << 10)
#define ACCESS 0777

struct name {
	char text[PATH_MAX];
};

static struct name name_of(const struct target *target, unsigned generation, const char *ending)
{
	struct name name;

	snprintf(name.text, sizeof(name.text), "%s.%u%s", target->real_path, generation, ending);
	return name;
}

static bool exists(const struct target *target, unsigned generation, enum pack_format format)
{
	struct name name = name_of(target, generation, pack_ending(format));

	return access(name.text, F_OK) == 0;
}

static bool is_packed(const struct target *target, unsigned generation)
{
	for (enum pack_format format = PACK_GZ; format < PACK_FORMATS; format++)
		if (exists(target, generation, format))
			return true;
	return false;
}

static bool is_taken(const struct target *target, unsigned generation)
{
	return exists(target, generation, PACK_NONE) || is_packed(target, generation);
}

static void drop(const struct target *target, unsigned generation, enum pack_format format)
{
	struct name name = name_of(target, generation, pack_ending(format));

	unlink(name.text);
}

/* A packed one is complete as soon as it has its name. */
static void drop_packed_twin(const struct target *target, unsigned generation)
{
	if (is_packed(target, generation))
		drop(target, generation, PACK_NONE);
}

static int move_up(const struct target *target, unsigned generation)
{
	for (enum pack_format format = PACK_NONE; format < PACK_FORMATS; format++) {
		struct name from = name_of(target, generation, pack_ending(format)),
			    to = name_of(target, generation + 1, pack_ending(format));

		if (rename(from.text, to.text) < 0 && errno != ENOENT)
			return -errno;
	}
	return 0;
}

/* Up to the first number that is free: an interrupted move has left one. */
static int make_room(const struct rotate_conf *conf, const struct target *target)
{
	unsigned free = 1;
	int r = 0;

	while (free <= conf->keep && is_taken(target, free))
		drop_packed_twin(target, free++);
	if (free > conf->keep) {
		free--;
		for (enum pack_format format = PACK_NONE; format < PACK_FORMATS; format++)
			drop(target, free, format);
	}
	for (unsigned i = free - 1; i > 0 && r == 0; i--)
		r = move_up(target, i);
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

/* An empty file that those may read who may read this one. */
static int create_like(int from, const char *path)
{
	struct stat st;
	int to = fstat(from, &st) < 0 ? -1
				      : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	return to < 0 || fchmod(to, st.st_mode & ACCESS) < 0 ? -errno : to;
}

static int copy_to(int from, const char *path)
{
	int to = create_like(from, path), r;

	if (to < 0)
		return to;
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

static int pack_to(const struct rotate_conf *conf, int from, const char *path)
{
	int to = create_like(from, path), r;

	if (to < 0)
		return to;
	r = pack_file(conf->compress, from, to);
	close(to);
	if (r < 0)
		unlink(path);
	return r;
}

static int pack_youngest(const struct rotate_conf *conf, const struct target *target)
{
	struct name plain = name_of(target, 1, ""), unfinished = name_of(target, 1, UNFINISHED),
		    packed = name_of(target, 1, pack_ending(conf->compress));
	int from = open(plain.text, O_RDONLY | O_CLOEXEC), r;

	if (from < 0)
		return -errno;
	r = pack_to(conf, from, unfinished.text);
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
		r = pack_youngest(conf, target);
		if (r < 0)
			log_warning("%s.1: cannot be compressed: %s", target->path, reason(r));
		return 0;
	}
	return r;
}
