/*
 * What has been read of the source and is not yet in a batch: a part of the batch's own buffer, so
 * that nothing is copied but the end of a line that the next read completes.
 */
#ifndef WRITER_WINDOW_H
#define WRITER_WINDOW_H

#include "lines/expression.h"
#include "writer/batch.h"
#include "writer/source.h"

struct window {
	const struct expression
		*record_start; /* NULL: a line is a record; kept by window_start() */
	size_t begin, end;     /* in the buffer */
	uint64_t offset;       /* of the first byte, in the source */
	bool skip_newline;     /* it was added already, when the source seemed to end without one */
};

enum window_content {
	WINDOW_LINES,   /* at least one whole line, or record */
	WINDOW_AT_END,  /* no more for now; what there is has no newline, or is the last record */
	WINDOW_TOO_LONG /* a piece of a line over BATCH_LINE_MAX */
};

/* Empty, to be filled from this position of the source on. */
void window_start(struct window *window, const struct position *position);

/* With what was read of a stream in an earlier life. */
void window_resume(struct window *window, const struct batch *batch);

/* Reads until there is a whole line. An enum window_content, -ESTALE as source_read() says, or
 * another negative errno. The last batch must have been written. */
int window_fill(struct window *window, struct batch *batch, struct source *source);

/* Makes the next batch of at most `max_units` whole lines (or records) and `max_bytes` bytes, but
 * of one always, or else of all that there is; if `complete`, it ends with a newline. Returns the
 * number of lines, or records. */
uint64_t window_take(struct window *window, struct batch *batch, uint64_t max_units,
	uint64_t max_bytes, bool complete);

/* Is there something, and its last line whole? */
bool window_ends_whole(const struct window *window, const struct batch *batch);

size_t window_length(const struct window *window);

#endif
