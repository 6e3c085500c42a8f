#include "lines/place.h"
#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static size_t window(uint64_t len)
{
	return len < PLACE_WINDOW ? (size_t)len : PLACE_WINDOW;
}

/* Nothing hashes to 0, so that a place all of zeros is the start of a file. */
static uint64_t hash(const char *bytes, size_t len)
{
	return len ? XXH3_64bits(bytes, len) : 0;
}

bool place_seen(const struct place *place)
{
	return place->head_length > 0;
}

size_t place_tail_length(const struct place *place)
{
	return window(place->offset);
}

/* Hash of exactly `len` bytes; -ENODATA when they are not all there. */
static int hash_at(place_reader read, void *source, uint64_t offset, size_t len, uint64_t *found)
{
	char bytes[PLACE_WINDOW];
	ssize_t n = read(source, bytes, len, offset);

	if (n < 0)
		return (int)n;
	if ((size_t)n < len)
		return -ENODATA;
	*found = hash(bytes, len);
	return 0;
}

static int hash_is(place_reader read, void *source, uint64_t offset, size_t len, uint64_t expected)
{
	uint64_t found = 0;
	int error = hash_at(read, source, offset, len, &found);

	if (error)
		return error == -ENODATA ? 0 : error;
	return found == expected;
}

/* How many NULs there are at the beginning. */
static size_t count_nuls(const char *bytes, size_t len)
{
	size_t count = 0;

	while (count < len && bytes[count] == '\0')
		count++;
	return count;
}

static ssize_t read_file(void *source, void *buffer, size_t len, uint64_t offset)
{
	return file_read_at(*(int *)source, buffer, len, (off_t)offset);
}

/* The head of a file that has been seen up to `offset`. */
static int set_head(struct place *place, place_reader read, void *source, uint64_t offset)
{
	char bytes[PLACE_WINDOW];
	size_t first = window(offset), nuls;
	ssize_t n = read(source, bytes, first, 0);

	if (n < 0)
		return (int)n;
	nuls = count_nuls(bytes, (size_t)n);
	place->head_start = nuls < first ? nuls : 0;
	place->head_length = nuls < first ? (uint32_t)window(offset - nuls) : 0;
	return hash_at(read, source, place->head_start, place->head_length, &place->head_hash);
}

int place_set(struct place *place, place_reader read, void *source, uint64_t offset)
{
	struct place set = *place;
	size_t tail = window(offset);
	int error;

	set.offset = offset;
	error = set_head(&set, read, source, offset);
	if (!error)
		error = hash_at(read, source, offset - tail, tail, &set.tail_hash);
	if (!error)
		*place = set;
	return error;
}

int place_take(struct place *place, int fd, uint64_t offset)
{
	struct place taken = { 0 };
	struct stat st;
	int error;

	if (fstat(fd, &st) < 0)
		return -errno;
	taken.device = st.st_dev;
	taken.inode = st.st_ino;
	error = place_set(&taken, read_file, &fd, offset);
	if (!error)
		*place = taken;
	return error;
}

int place_head_fits(const struct place *place, place_reader read, void *source)
{
	return hash_is(read, source, place->head_start, place->head_length, place->head_hash);
}

bool place_tail_fits(const struct place *place, const struct stretch *stretch)
{
	size_t tail = place_tail_length(place);
	uint64_t from = place->offset - tail;

	if (from < stretch->start || place->offset > stretch->start + stretch->len)
		return false;
	return hash(stretch->bytes + (from - stretch->start), tail) == place->tail_hash;
}

int place_fits_content(const struct place *place, place_reader read, void *source)
{
	size_t tail = place_tail_length(place);
	int fits = place_head_fits(place, read, source);

	if (fits <= 0)
		return fits;
	return hash_is(read, source, place->offset - tail, tail, place->tail_hash);
}

int place_fits(const struct place *place, int fd)
{
	return place_fits_content(place, read_file, &fd);
}

void place_see(struct place *place, const struct stretch *stretch)
{
	uint64_t start = place->head_start, end = stretch->start + stretch->len;

	/* What lies before is only NULs. */
	if (!place_seen(place))
		start = stretch->start + count_nuls(stretch->bytes, stretch->len);
	/* While the head still grows, the tail reaches back to its first byte. */
	if (place->head_length == PLACE_WINDOW || stretch->start > start ||
		end <= start + place->head_length)
		return;
	place->head_start = start;
	place->head_length = (uint32_t)window(end - start);
	place->head_hash = hash(stretch->bytes + (start - stretch->start), place->head_length);
}

void place_advance(struct place *place, const struct stretch *stretch, uint64_t offset)
{
	size_t tail = window(offset);

	assert(offset >= place->offset && offset <= stretch->start + stretch->len);
	assert(offset - tail >= stretch->start);
	place_see(place, stretch);
	place->tail_hash = hash(stretch->bytes + (offset - tail - stretch->start), tail);
	place->offset = offset;
}

bool place_same_inode(const struct place *a, const struct place *b)
{
	return a->device == b->device && a->inode == b->inode;
}

void place_format(const struct place *place, char text[PLACE_TEXT])
{
	int len = snprintf(text, PLACE_TEXT,
		"%jx:%ju:%" PRIu64 ":%" PRIu32 ":%016" PRIx64 ":%016" PRIx64,
		(uintmax_t)place->device, (uintmax_t)place->inode, place->offset,
		place->head_length, place->head_hash, place->tail_hash);

	if (place->head_start > 0)
		snprintf(text + len, (size_t)(PLACE_TEXT - len), ":%" PRIu64, place->head_start);
}

/* A head grows with what has been seen behind its start, until it is whole. */
static bool is_sound(const struct place *place)
{
	uint64_t seen = place->offset > place->head_start ? place->offset - place->head_start : 0;

	return place->head_length <= PLACE_WINDOW &&
	       (!place_seen(place) || place->head_length >= window(seen));
}

int place_parse(struct place *place, const char *text)
{
	struct place parsed = { 0 };
	uintmax_t device, inode;
	int end = 0, fields;

	fields = sscanf(text,
		"%jx:%ju:%" SCNu64 ":%" SCNu32 ":%" SCNx64 ":%" SCNx64 "%n:%" SCNu64 "%n", &device,
		&inode, &parsed.offset, &parsed.head_length, &parsed.head_hash, &parsed.tail_hash,
		&end, &parsed.head_start, &end);
	if (fields < 6 || text[end] != '\0' || !is_sound(&parsed))
		return -EINVAL;
	parsed.device = (dev_t)device;
	parsed.inode = (ino_t)inode;
	*place = parsed;
	return 0;
}
