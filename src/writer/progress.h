/* One line on a terminal: how many lines, how fast, how late, how much of the source, how long
 * still. */
#ifndef WRITER_PROGRESS_H
#define WRITER_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool shown;
	uint64_t started_ns, updated_ns;
	uint64_t first_offset; /* where this run began */
	uint64_t sample_ns, sample_lines;
	double reached; /* lines a second, between the last two samples */
};

struct progress_figures {
	uint64_t lines;        /* of this run */
	uint64_t offset, size; /* of the source; size 0: not known */
	double asked;          /* lines a second; 0: not told by the pace */
	uint64_t late_ns;      /* the last batch */
	double speed;
	bool paused;
};

/* Nothing will be shown unless standard error is a terminal and not where the lines go, too. */
void progress_start(struct progress *progress, const char *target, uint64_t first_offset);

/* At most ten times a second. */
void progress_show(struct progress *progress, const struct progress_figures *figures);

/* At once: something else than the figures has changed. */
void progress_redraw(struct progress *progress, const struct progress_figures *figures);

/* The last figures stay on the screen. */
void progress_end(struct progress *progress, const struct progress_figures *figures);

/* What is left, in nanoseconds: at the rate asked for, or without one at that so far. Pure. */
uint64_t progress_left(
	const struct progress *progress, const struct progress_figures *figures, uint64_t now_ns);

#endif
