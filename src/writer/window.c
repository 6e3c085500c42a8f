#include "writer/window.h"

#include "writer/cut.h"
#include "writer/record_cut.h"

#include <errno.h>
#include <string.h>

void window_start(struct window *window, const struct position *position)
{
	*window = (struct window){
		.record_start = window->record_start,
		.offset = position->offset,
		.skip_newline = position->newline_added,
	};
}

void window_resume(struct window *window, const struct batch *batch)
{
	*window = (struct window){
		.record_start = window->record_start,
		.begin = batch->header->rest_begin,
		.end = batch->header->rest_end,
	};
}

static void note_rest(const struct window *window, const struct batch *batch)
{
	batch->header->rest_begin = window->begin;
	batch->header->rest_end = window->end;
}

size_t window_length(const struct window *window)
{
	return window->end - window->begin;
}

/* One byte is kept for the newline that may have to be added. */
static size_t room(const struct window *window, const struct batch *batch)
{
	return batch->capacity - 1 - window->end;
}

static void move_to_front(struct window *window, struct batch *batch)
{
	batch->header->rest_end = batch->header->rest_begin; /* half-way it is nothing */
	memmove(batch->data, batch->data + window->begin, window_length(window));
	window->end -= window->begin;
	window->begin = 0;
	note_rest(window, batch);
}

static ssize_t read_more(struct window *window, struct batch *batch, struct source *source)
{
	ssize_t n = source_read(source, batch->data + window->end, room(window, batch));

	if (n <= 0)
		return n;
	window->end += (size_t)n;
	if (window->skip_newline && batch->data[window->begin] == '\n') {
		window->begin++;
		window->offset++;
	}
	window->skip_newline = false;
	note_rest(window, batch);
	return n;
}

static bool has_whole(const struct window *window, const struct batch *batch, size_t searched)
{
	if (window->record_start)
		return record_cut_first(window->record_start, batch->data + window->begin,
			       window_length(window)) > 0;
	return memchr(batch->data + searched, '\n', window->end - searched);
}

int window_fill(struct window *window, struct batch *batch, struct source *source)
{
	size_t searched = window->begin;

	while (!has_whole(window, batch, searched)) {
		ssize_t n;
		int r;

		searched = window_length(window);
		move_to_front(window, batch);
		if (room(window, batch) == 0) {
			r = batch_grow(batch);
			if (r < 0)
				return r == -EFBIG ? WINDOW_TOO_LONG : r;
		}
		n = read_more(window, batch, source);
		if (n <= 0)
			return n < 0 ? (int)n : WINDOW_AT_END;
		if (searched < window->begin)
			searched = window->begin;
	}
	return WINDOW_LINES;
}

static size_t cut(const struct window *window, const struct batch *batch, uint64_t max_units,
	size_t max_bytes, uint64_t *units)
{
	const char *data = batch->data + window->begin;
	size_t len = window_length(window);

	if (window->record_start)
		return record_cut(window->record_start, data, len, max_units, max_bytes, units);
	return cut_lines(data, len, max_units, max_bytes, units);
}

uint64_t window_take(struct window *window, struct batch *batch, uint64_t max_units,
	uint64_t max_bytes, bool complete)
{
	struct position next = batch->header->done;
	size_t start = window->begin, from_source, length;
	uint64_t units;

	from_source = cut(window, batch, max_units,
		max_bytes < BATCH_BYTES ? max_bytes : BATCH_BYTES, &units);
	if (from_source == 0) {
		from_source = window_length(window);
		units = complete;
	}
	length = from_source;
	complete = complete && batch->data[start + length - 1] != '\n';
	if (complete)
		batch->data[start + length++] = '\n';
	window->begin += from_source;
	window->offset += from_source;
	window->skip_newline = complete;
	next.offset = window->offset;
	next.lines += window->record_start ? cut_count(batch->data + start, length) : units;
	next.newline_added = complete;
	batch_set(batch, start, length, &next);
	note_rest(window, batch);
	return units;
}

bool window_ends_whole(const struct window *window, const struct batch *batch)
{
	return window->end > window->begin && batch->data[window->end - 1] == '\n';
}
