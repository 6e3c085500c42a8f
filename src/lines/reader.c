#include "lines/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

/* One read(2): large enough to make its cost vanish, small enough to stay in the processor's cache.
 */
#define CHUNK (256u << 10)
#define LINES_MAX 16384

int reader_init(struct reader *reader, size_t max_line, enum long_line long_line)
{
	size_t longest = max_line + 1 > CHUNK ? max_line + 1 : CHUNK;
	size_t size = PLACE_WINDOW + longest;
	struct lk_line *lines = calloc(LINES_MAX, sizeof(*lines));
	/* Pages that no long line has touched cost nothing. */
	char *buffer = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (!lines || buffer == MAP_FAILED) {
		free(lines);
		if (buffer != MAP_FAILED)
			munmap(buffer, size);
		return -ENOMEM;
	}
	*reader = (struct reader){ buffer, size, { max_line, long_line, lines, LINES_MAX }, CHUNK };
	return 0;
}

void reader_free(struct reader *reader)
{
	if (reader->buffer)
		munmap(reader->buffer, reader->size);
	free(reader->splitter.lines);
	*reader = (struct reader){ 0 };
}

/* Fills the buffer up to `len` bytes, from the tail of the place on. 1, 0 at the end, or an error.
 */
static int fill(struct reader *reader, struct reading *reading, size_t len)
{
	struct stretch *stretch = &reading->stretch;
	size_t want = len - stretch->len;
	ssize_t n = content_read(reading->file->content, reader->buffer + stretch->len, want,
		stretch->start + stretch->len);

	if (n < 0)
		return (int)n;
	stretch->len += (size_t)n;
	/* Only the end of a compressed stream shows that it is whole. */
	return content_packed(reading->file->content) ? n > 0 : (size_t)n == want;
}

static int verify(const struct reading *reading)
{
	const struct logfile *file = reading->file;
	int fits;

	if (!place_tail_fits(&file->record.place, &reading->stretch))
		return -ESTALE;
	if (content_packed(file->content))
		return 0; /* cannot have changed */
	fits = place_head_fits(&file->record.place, content_read, file->content);
	return fits < 0 ? fits : fits ? 0 : -ESTALE;
}

static size_t tail_length(const struct reading *reading)
{
	return place_tail_length(&reading->file->record.place);
}

/* What a writer without O_APPEND leaves in front when its file was truncated under it. */
static uint64_t leading_nuls(const struct reading *reading)
{
	size_t tail = tail_length(reading), at = tail;

	if (!reading->file->record.nul_run)
		return 0;
	while (at < reading->stretch.len && reading->stretch.bytes[at] == '\0')
		at++;
	return at - tail;
}

static size_t split(struct reader *reader, struct reading *reading)
{
	size_t from = tail_length(reading) + reading->nuls;

	reading->split.discarding = reading->file->record.discarding;
	split_lines(&reader->splitter, reading->stretch.bytes + from, reading->stretch.len - from,
		reading->stretch.start + from, &reading->split);
	return reading->nuls + reading->split.consumed;
}

static int begin(struct reader *reader, struct logfile *file, struct reading *reading)
{
	size_t tail = place_tail_length(&file->record.place);

	*reading = (struct reading){
		.file = file,
		.stretch = { reader->buffer, file->record.place.offset - tail, 0 },
	};
	return fill(reader, reading, tail + reader->chunk);
}

/* All before the place is dealt with: what follows it is an unterminated end. */
static void note_end(const struct reading *reading)
{
	struct logfile *file = reading->file;
	uint64_t end = reading->stretch.start + reading->stretch.len;

	file->partial = (size_t)(end - file->record.place.offset);
	file->unread = !reading->at_end;
}

/* What is read beyond LINES_MAX lines is read again: with short lines it should be less. */
static void adapt_chunk(struct reader *reader, const struct split *split)
{
	if (split->count == reader->splitter.capacity)
		reader->chunk = split->consumed < CHUNK ? split->consumed : CHUNK;
	else if (reader->chunk < CHUNK)
		reader->chunk = reader->chunk < CHUNK / 2 ? 2 * reader->chunk : CHUNK;
}

int reader_read(struct reader *reader, struct logfile *file, struct reading *reading)
{
	int error, more = begin(reader, file, reading);
	uint64_t end;

	if (more < 0)
		return more;
	error = verify(reading);
	if (error)
		return error;
	reading->nuls = leading_nuls(reading);
	while (split(reader, reading) == 0 && more) {
		more = fill(reader, reading, reader->size);
		if (more < 0)
			return more;
	}
	adapt_chunk(reader, &reading->split);
	end = reading->stretch.start + reading->stretch.len;
	if (end > file->record.size)
		file->record.size = end;
	if (file->noted > file->record.size)
		file->record.size = file->noted;
	place_see(&file->record.place, &reading->stretch);
	reading->at_end = !more && reading->split.count < reader->splitter.capacity;
	if (reading->nuls + reading->split.consumed > 0)
		return 1;
	note_end(reading);
	return 0;
}

int reader_read_partial(struct reader *reader, struct logfile *file, struct reading *reading)
{
	int got = reader_read(reader, file, reading);
	size_t tail = tail_length(reading);

	if (got != 0 || file->partial == 0)
		return got;
	reader->splitter.lines[0] = (struct lk_line){ reading->stretch.bytes + tail, file->partial,
		file->record.place.offset, 0 };
	reading->split.count = 1;
	reading->split.consumed = file->partial;
	return 1;
}

static void move(const struct reading *reading, uint64_t offset, uint64_t dealt_with)
{
	struct record *record = &reading->file->record;

	record->accounts.skipped += offset - record->place.offset - dealt_with;
	if (offset > record->place.offset + reading->nuls)
		record->nul_run = false;
	place_advance(&record->place, &reading->stretch, offset);
	reading->file->partial = 0;
}

void reader_accept(const struct reader *reader, const struct reading *reading, size_t count)
{
	const struct lk_line *lines = reader->splitter.lines;
	struct record *record = &reading->file->record;
	uint64_t handed = 0, offset;

	for (size_t i = 0; i < count; i++)
		handed += line_bytes(&lines[i]);
	record->accounts.handed += handed;
	if (count == reading->split.count) {
		offset = reading->stretch.start + tail_length(reading) + reading->nuls +
			 reading->split.consumed;
		record->discarding = reading->split.discarding;
	} else {
		offset = lines[count].offset;
		record->discarding = false;
		record->accounts.reread += reading->stretch.start + reading->stretch.len - offset;
	}
	move(reading, offset, handed);
	if (count == reading->split.count)
		note_end(reading);
	else
		reading->file->unread = true;
}

void reader_refuse(const struct reader *reader, const struct reading *reading, size_t index)
{
	const struct lk_line *line = &reader->splitter.lines[index];
	struct record *record = &reading->file->record;
	uint64_t end = line->offset + line_bytes(line);

	record->accounts.refused += line_bytes(line);
	record->discarding = line->flags & LK_LINE_TRUNCATED;
	move(reading, end, line_bytes(line));
}
