#include "writer/progress.h"

#include "base/clock.h"
#include "writer/target.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define UPDATE_NS (100 * NS_PER_MS)
#define SAMPLE_NS NS_PER_S
#define BAR_WIDTH 20

void progress_start(
	struct progress *progress, const char *target, uint64_t interval_ns, uint64_t first_offset)
{
	*progress = (struct progress){
		.shown = isatty(STDERR_FILENO) &&
			 !(strcmp(target, TARGET_STDOUT) == 0 && isatty(STDOUT_FILENO)),
		.started_ns = clock_monotonic_ns(),
		.interval_ns = interval_ns,
		.first_offset = first_offset,
	};
}

uint64_t progress_left(
	const struct progress *progress, const struct progress_figures *figures, uint64_t now_ns)
{
	double done = (double)(figures->offset - progress->first_offset);
	double left =
		figures->size > figures->offset ? (double)(figures->size - figures->offset) : 0;
	double spent = progress->interval_ns
			       ? (double)figures->lines * (double)progress->interval_ns
			       : (double)(now_ns - progress->started_ns);

	return done > 0 ? (uint64_t)(spent * left / done) : 0;
}

static void draw_bar(const struct progress *progress, const struct progress_figures *figures)
{
	static const char full[] = "####################";
	double part = figures->size > figures->offset
			      ? (double)figures->offset / (double)figures->size
			      : 1;
	uint64_t left = progress_left(progress, figures, clock_monotonic_ns()) / NS_PER_S;

	_Static_assert(sizeof(full) == BAR_WIDTH + 1, "the bar is as wide as it says");
	if (figures->size == 0)
		return;
	fprintf(stderr, "[%-*.*s] %3d%%  %" PRIu64 ":%02" PRIu64 ":%02" PRIu64 " left  ", BAR_WIDTH,
		(int)(part * BAR_WIDTH), full, (int)(part * 100), left / 3600, left / 60 % 60,
		left % 60);
}

static void draw(const struct progress *progress, const struct progress_figures *figures)
{
	fputc('\r', stderr);
	draw_bar(progress, figures);
	fprintf(stderr, "%" PRIu64 " lines  %.4g/s", figures->lines, progress->reached);
	if (figures->asked > 0)
		fprintf(stderr, " of %.4g/s", figures->asked);
	fprintf(stderr, "  late %.3g ms", (double)figures->late_ns / (double)NS_PER_MS);
	if (figures->speed < 1 || figures->speed > 1)
		fprintf(stderr, "  speed %.3g", figures->speed);
	fputs(figures->paused ? "  paused\033[K" : "\033[K", stderr);
}

static void sample(struct progress *progress, const struct progress_figures *figures, uint64_t now)
{
	uint64_t since = progress->sample_ns ? progress->sample_ns : progress->started_ns;

	if (now - since < SAMPLE_NS && progress->sample_ns)
		return;
	if (now > since)
		progress->reached = (double)(figures->lines - progress->sample_lines) *
				    (double)NS_PER_S / (double)(now - since);
	progress->sample_ns = now;
	progress->sample_lines = figures->lines;
}

void progress_redraw(struct progress *progress, const struct progress_figures *figures)
{
	if (progress->shown)
		draw(progress, figures);
}

void progress_show(struct progress *progress, const struct progress_figures *figures)
{
	uint64_t now;

	if (!progress->shown)
		return;
	now = clock_monotonic_ns();
	if (progress->updated_ns && now - progress->updated_ns < UPDATE_NS)
		return;
	progress->updated_ns = now;
	sample(progress, figures, now);
	draw(progress, figures);
}

void progress_end(struct progress *progress, const struct progress_figures *figures)
{
	if (!progress->shown)
		return;
	draw(progress, figures);
	fputc('\n', stderr);
	progress->shown = false;
}
