#include "writer/source.h"

#include "writer/batch.h"
#include "writer/cut.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK ((size_t)16 << 10)
/* What may lie between the end of what was read and the place that is saved. */
#define STEP_BACK (2 * BATCH_BYTES + PLACE_WINDOW)

/* The files */

static int open_file(struct source *source, size_t index)
{
	struct content *opened;
	int r;

	if (source->content && index == source->current)
		return 0;
	r = content_open(source->files.file[index].path, &opened);
	if (r < 0)
		return r;
	content_close(source->content);
	source->content = opened;
	source->current = index;
	source->kept_from = source->unpacked_to = 0;
	return content_stat(opened, &source->seen);
}

static bool is_last(const struct source *source, size_t index)
{
	return index + 1 == source->files.count;
}

/* Its content is `length` bytes, and there is another file behind it. */
static int set_length(struct source *source, uint64_t length)
{
	struct source_file *file = &source->files.file[source->current];
	char last = '\n';
	ssize_t n = length > 0 ? content_read(source->content, &last, 1, length - 1) : 1;

	if (n != 1)
		return n < 0 ? (int)n : -ESTALE;
	file->length = length + (last != '\n');
	file[1].start = file->start + file->length;
	return 0;
}

/* lines/content.h remembers what lies behind the last step back that a reader made. This keeps that
 * to what may be asked for again. */
static ssize_t read_packed(struct source *source, char *buffer, size_t len, uint64_t offset)
{
	uint64_t floor = offset > STEP_BACK ? offset - STEP_BACK : 0;
	bool goes_on = offset >= source->kept_from && offset <= source->unpacked_to;
	ssize_t n = 0;

	if (goes_on && floor > source->kept_from) {
		n = content_read(source->content, buffer, 1, floor);
		source->kept_from = floor;
	}
	if (n >= 0)
		n = content_read(source->content, buffer, len, offset);
	if (!goes_on || offset < source->unpacked_to)
		source->kept_from = offset;
	if (n >= 0 && (!goes_on || offset + (uint64_t)n > source->unpacked_to))
		source->unpacked_to = offset + (uint64_t)n;
	return n;
}

static int measure(struct source *source, size_t index)
{
	char block[BLOCK];
	uint64_t length = 0;
	ssize_t n;
	int r = open_file(source, index);

	if (r < 0 || source->files.file[index].length != LENGTH_UNKNOWN)
		return r;
	if (!content_packed(source->content))
		return set_length(source, (uint64_t)source->seen.st_size);
	while ((n = read_packed(source, block, sizeof(block), length)) > 0)
		length += (uint64_t)n;
	return n < 0 ? (int)n : set_length(source, length);
}

/* Opens the file that has this offset, and tells the offset within. */
static int find_file(struct source *source, uint64_t offset, uint64_t *within)
{
	size_t i = offset < source->files.file[source->current].start ? 0 : source->current;

	for (;; i++) {
		const struct source_file *file = &source->files.file[i];
		int r;

		if (!is_last(source, i) && file->length == LENGTH_UNKNOWN) {
			r = measure(source, i);
			if (r < 0)
				return r;
		}
		if (is_last(source, i) || offset < file->start + file->length) {
			*within = offset - file->start;
			return open_file(source, i);
		}
	}
}

/* From one file; the newline that its end lacks belongs to it. */
static ssize_t read_file(struct source *source, char *buffer, size_t len, uint64_t offset)
{
	uint64_t within;
	ssize_t n;
	int r = find_file(source, offset, &within);

	if (r < 0)
		return r;
	n = content_packed(source->content) ? read_packed(source, buffer, len, within)
					    : content_read(source->content, buffer, len, within);
	if (n == 0 && !is_last(source, source->current)) {
		*buffer = '\n';
		n = 1;
	}
	return n;
}

ssize_t source_peek(void *from, void *buffer, size_t len, uint64_t offset)
{
	struct source *source = from;
	char *to = buffer;
	size_t done = 0;

	if (len > 0 && offset + len <= source->head_length) { /* without a head it is NULL */
		memcpy(buffer, source->head + offset, len);
		return (ssize_t)len;
	}
	while (done < len) {
		ssize_t n = read_file(source, to + done, len - done, offset + done);

		if (n < 0)
			return n;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* Unpacking goes forwards only, and files are many: their beginning is kept. */
static int keep_head(struct source *source)
{
	ssize_t n;

	if (source->files.count == 1 && !content_packed(source->content))
		return 0;
	source->head = malloc(PLACE_WINDOW);
	if (!source->head)
		return -ENOMEM;
	n = source_peek(source, source->head, PLACE_WINDOW, 0);
	source->head_length = n > 0 ? (size_t)n : 0;
	return n < 0 ? (int)n : 0;
}

static int open_files(struct source *source)
{
	int r = source_files_find(&source->files, source->path);

	if (r == 0)
		r = -ENOENT;
	if (r > 0)
		r = open_file(source, 0);
	if (r == 0)
		r = keep_head(source);
	source->place.device = source->seen.st_dev;
	source->place.inode = source->seen.st_ino;
	return r;
}

/* Streams */

static bool is_fifo(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISFIFO(st.st_mode);
}

static int open_stdin(struct source *source)
{
	struct stat st;

	if (fstat(STDIN_FILENO, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	source->stream = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	return source->stream < 0 ? -errno : 0;
}

static int open_stream(struct source *source, bool endless)
{
	if (strcmp(source->path, SOURCE_STDIN) == 0)
		return open_stdin(source);
	source->endless = endless;
	source->stream = open(source->path, (endless ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_CLOEXEC);
	return source->stream < 0 ? -errno : 0;
}

/* A FIFO without a writer reads as if at its end, but only one that has lost its writers is. A
 * regular file or a terminal is always ready. */
static ssize_t read_stream(struct source *source, void *buffer, size_t len)
{
	struct pollfd ready = { .fd = source->stream, .events = POLLIN };
	ssize_t n;

	if (poll(&ready, 1, 0) <= 0)
		return -EAGAIN;
	n = TEMP_FAILURE_RETRY(read(source->stream, buffer, len));
	if (n > 0)
		source->place.offset += (uint64_t)n;
	return n < 0 ? -errno : n;
}

/* Both */

int source_open(struct source *source, const char *path, bool endless)
{
	struct source opened = { .path = path, .stream = -1 };
	bool stream = strcmp(path, SOURCE_STDIN) == 0 || is_fifo(path);
	int r = stream ? open_stream(&opened, endless) : open_files(&opened);

	if (r < 0) {
		source_close(&opened);
		return r;
	}
	*source = opened;
	return 0;
}

int source_place(struct source *source, uint64_t offset, struct place *place)
{
	struct place taken = source->place;
	int r = source->stream >= 0 ? 0 : place_set(&taken, source_peek, source, offset);

	if (r == 0)
		*place = taken;
	return r;
}

int source_seek(struct source *source, uint64_t offset)
{
	return source_place(source, offset, &source->place);
}

static bool touched(const struct stat *a, const struct stat *b)
{
	return a->st_size != b->st_size || a->st_mtim.tv_sec != b->st_mtim.tv_sec ||
	       a->st_mtim.tv_nsec != b->st_mtim.tv_nsec;
}

static int unpack_anew(struct source *source, const struct stat *now)
{
	if (now->st_size < source->seen.st_size)
		return -ESTALE;
	content_retry(source->content);
	source->kept_from = source->unpacked_to = 0;
	source->seen = *now;
	return 0;
}

/* Has only been appended to, if at all. */
static int check_unchanged(struct source *source)
{
	struct stat now;
	int fits = content_stat(source->content, &now);

	if (fits < 0)
		return fits;
	if (!touched(&now, &source->seen))
		return 0;
	if (content_packed(source->content))
		return unpack_anew(source, &now);
	fits = place_fits_content(&source->place, source_peek, source);
	if (fits <= 0)
		return fits < 0 ? fits : -ESTALE;
	source->seen = now;
	return 0;
}

/* Moves on to the end of what was read. Where the file is packed nothing but the offset is known,
 * as finding out more would mean going back. */
static int move_on(struct source *source, uint64_t offset)
{
	if (!content_packed(source->content))
		return source_seek(source, offset);
	source->place.offset = offset;
	return 0;
}

ssize_t source_read(struct source *source, void *buffer, size_t len)
{
	ssize_t n;
	int r;

	if (source->stream >= 0)
		return read_stream(source, buffer, len);
	n = read_file(source, buffer, len, source->place.offset);
	if (n < 0)
		return n;
	r = check_unchanged(source);
	if (r == 0 && n > 0)
		r = move_on(source, source->place.offset + (uint64_t)n);
	return r == -ENODATA ? -ESTALE : r < 0 ? r : n;
}

/* The bytes before the line that is wanted, or before the last, unfinished one. */
static size_t skip_lines(const char *data, size_t len, source_wanted wanted, void *context,
	bool *inside, bool *found)
{
	size_t at = 0;
	const char *newline;

	while (!*found && (newline = memchr(data + at, '\n', len - at))) {
		size_t line = (size_t)(newline - data) - at;

		*found = !*inside && wanted(context, data + at, line);
		*inside = false;
		if (!*found)
			at += line + 1;
	}
	return at;
}

int source_find_line(struct source *source, source_wanted wanted, void *context, uint64_t *offset)
{
	char block[BLOCK];
	size_t have = 0, skipped;
	bool found = false, inside = false; /* a line whose beginning was shown */
	ssize_t n = source_seek(source, 0);

	while (n >= 0 && !found) {
		n = source_read(source, block + have, sizeof(block) - have);
		if (n < 0)
			return (int)n;
		have += (size_t)n;
		skipped = skip_lines(block, have, wanted, context, &inside, &found);
		if (!found && skipped == 0 && (n == 0 || have == sizeof(block))) {
			found = have > 0 && !inside && wanted(context, block, have);
			inside = true;
			skipped = found ? 0 : have;
		}
		have -= skipped;
		memmove(block, block + skipped, have);
		*offset = source->place.offset - have;
		if (n == 0 && !found)
			return -ENODATA;
	}
	return n < 0 ? (int)n : 0;
}

bool source_was_replaced(struct source *source, bool *more)
{
	struct stat there;

	*more = source->files.pattern && source_files_find(&source->files, source->path) > 0;
	return source->stream < 0 && !source->files.pattern && stat(source->path, &there) == 0 &&
	       (there.st_dev != source->seen.st_dev || there.st_ino != source->seen.st_ino);
}

uint64_t source_size(const struct source *source)
{
	const struct source_file *file = &source->files.file[source->current];

	if (source->stream >= 0 || !is_last(source, source->current) ||
		content_packed(source->content))
		return 0;
	return file->start + (uint64_t)source->seen.st_size;
}

void source_close(struct source *source)
{
	if (source->stream >= 0)
		close(source->stream);
	content_close(source->content);
	source_files_free(&source->files);
	free(source->head);
	*source = (struct source){ .path = source->path, .stream = -1 };
}
