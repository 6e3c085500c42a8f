#include "writer/source.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int source_open(struct source *source, const char *path)
{
	struct source opened = { .path = path };
	int r;

	/* Non-blocking, or a FIFO would hang here. */
	opened.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (opened.fd < 0)
		return -errno;
	r = fstat(opened.fd, &opened.seen) < 0 ? -errno
	    : S_ISDIR(opened.seen.st_mode)     ? -EISDIR
	    : S_ISREG(opened.seen.st_mode)     ? place_take(&opened.place, opened.fd, 0)
					       : -EINVAL;
	if (r < 0) {
		close(opened.fd);
		return r;
	}
	*source = opened;
	return 0;
}

int source_seek(struct source *source, uint64_t offset)
{
	return place_take(&source->place, source->fd, offset);
}

static bool touched(const struct stat *a, const struct stat *b)
{
	return a->st_size != b->st_size || a->st_mtim.tv_sec != b->st_mtim.tv_sec ||
	       a->st_mtim.tv_nsec != b->st_mtim.tv_nsec;
}

/* Has only been appended to, if at all. */
static int check_unchanged(struct source *source)
{
	struct stat now;
	int fits;

	if (fstat(source->fd, &now) < 0)
		return -errno;
	if (!touched(&now, &source->seen))
		return 0;
	fits = (uint64_t)now.st_size < source->place.offset
		       ? 0
		       : place_fits(&source->place, source->fd);
	if (fits <= 0)
		return fits < 0 ? fits : -ESTALE;
	source->seen = now;
	return 0;
}

ssize_t source_read(struct source *source, void *buffer, size_t len)
{
	ssize_t n = file_read_at(source->fd, buffer, len, (off_t)source->place.offset);
	int r;

	if (n < 0)
		return n;
	r = check_unchanged(source);
	if (r == 0 && n > 0)
		r = place_take(&source->place, source->fd, source->place.offset + (uint64_t)n);
	return r == -ENODATA ? -ESTALE : r < 0 ? r : n;
}

bool source_was_replaced(const struct source *source)
{
	struct stat there;

	return stat(source->path, &there) == 0 &&
	       (there.st_dev != source->seen.st_dev || there.st_ino != source->seen.st_ino);
}

uint64_t source_size(const struct source *source)
{
	return (uint64_t)source->seen.st_size;
}

void source_close(struct source *source)
{
	if (source->fd >= 0)
		close(source->fd);
	source->fd = -1;
}
