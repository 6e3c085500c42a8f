#include "writer/batch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERSION_OF_HEADER 3
#define HEADER_BYTES 4096

_Static_assert(sizeof(struct batch_header) <= HEADER_BYTES, "the header has one page");

static int map(struct batch *batch, size_t capacity)
{
	void *memory = mmap(
		NULL, HEADER_BYTES + capacity, PROT_READ | PROT_WRITE, MAP_SHARED, batch->fd, 0);

	if (memory == MAP_FAILED)
		return -errno;
	batch->header = memory;
	batch->data = (char *)memory + HEADER_BYTES;
	batch->capacity = capacity;
	return 0;
}

static void unmap(struct batch *batch)
{
	if (batch->header)
		munmap(batch->header, HEADER_BYTES + batch->capacity);
	batch->header = NULL;
}

/* Room is taken in advance: a store to a mapped page without any would be a SIGBUS. */
static int size_and_map(struct batch *batch, size_t capacity)
{
	int r = posix_fallocate(batch->fd, 0, (off_t)(HEADER_BYTES + capacity));

	return r ? -r : map(batch, capacity);
}

static bool believable(const struct batch *batch)
{
	const struct batch_header *header = batch->header;
	sd_id128_t boot;

	return header->version == VERSION_OF_HEADER && sd_id128_get_boot(&boot) == 0 &&
	       sd_id128_equal(header->boot, boot) && header->length <= batch->capacity &&
	       header->start <= batch->capacity - header->length &&
	       (header->length == 0 || header->written <= header->length);
}

static int open_file(int directory, const char *name)
{
	int fd = directory < 0
			 ? memfd_create("batch", MFD_CLOEXEC)
			 : openat(directory, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd < 0 ? -errno : fd;
}

static size_t capacity_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || st.st_size < (off_t)(HEADER_BYTES + BATCH_BYTES) ||
		st.st_size > (off_t)(HEADER_BYTES + BATCH_LINE_MAX))
		return 0;
	return (size_t)st.st_size - HEADER_BYTES;
}

int batch_open(struct batch *batch, int directory, const char *name)
{
	size_t capacity;
	int r;

	*batch = (struct batch){ .fd = open_file(directory, name) };
	if (batch->fd < 0)
		return batch->fd;
	capacity = capacity_of(batch->fd);
	r = size_and_map(batch, capacity ? capacity : BATCH_BYTES);
	if (r < 0) {
		batch_close(batch);
		return r;
	}
	batch->survived = believable(batch);
	if (!batch->survived) {
		*batch->header = (struct batch_header){ .version = VERSION_OF_HEADER };
		(void)sd_id128_get_boot(&batch->header->boot);
	}
	return 0;
}

int batch_open_other(struct batch *batch, int directory, const char *name)
{
	size_t capacity;
	int r;

	*batch = (struct batch){ .fd = openat(directory, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW) };
	if (batch->fd < 0)
		return -errno;
	capacity = capacity_of(batch->fd);
	r = capacity ? map(batch, capacity) : -EBADMSG;
	if (r == 0 && !believable(batch))
		r = -EBADMSG;
	if (r < 0)
		batch_close(batch);
	return r;
}

void batch_set(struct batch *batch, size_t start, size_t length, const struct position *next)
{
	struct batch_header *header = batch->header;

	header->start = start;
	header->length = length;
	header->written = 0;
	header->next = *next;
}

int batch_grow(struct batch *batch)
{
	struct batch grown = *batch;
	int r;

	if (batch->capacity >= BATCH_LINE_MAX)
		return -EFBIG;
	r = size_and_map(&grown, 2 * batch->capacity);
	if (r < 0)
		return r;
	unmap(batch);
	*batch = grown;
	return 0;
}

void batch_close(struct batch *batch)
{
	unmap(batch);
	if (batch->fd >= 0)
		close(batch->fd);
	batch->fd = -1;
}
