#include "writer/window.h"

#include "writer/cut.h"

#include <errno.h>
#include <string.h>

void window_start(struct window *window, const struct position *position)
{
	*window = (struct window){
		.offset = position->offset,
		.skip_newline = position->newline_added,
	};
}

void window_resume(struct window *window, const struct batch *batch)
{
	*window = (struct window){
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

int window_fill(struct window *window, struct batch *batch, struct source *source)
{
	size_t searched = window->begin;

	while (!memchr(batch->data + searched, '\n', window->end - searched)) {
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

uint64_t window_take(struct window *window, struct batch *batch, uint64_t max_lines,
	uint64_t max_bytes, bool complete)
{
	struct position next = { 0 };
	uint64_t lines;
	size_t start = window->begin, from_source, length;

	from_source = cut_lines(batch->data + start, window_length(window), max_lines,
		max_bytes < BATCH_BYTES ? max_bytes : BATCH_BYTES, &lines);
	if (from_source == 0)
		from_source = window_length(window);
	length = from_source;
	if (complete) {
		batch->data[start + length++] = '\n';
		lines = 1;
	}
	window->begin += from_source;
	window->offset += from_source;
	window->skip_newline = complete;
	next.offset = window->offset;
	next.lines = batch->header->done.lines + lines;
	next.newline_added = complete;
	next.rounds = batch->header->done.rounds;
	batch_set(batch, start, length, &next);
	note_rest(window, batch);
	return lines;
}
