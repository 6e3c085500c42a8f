#include "writer/progress.h"

#include "base/clock.h"
#include "writer/target.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define UPDATE_NS (100 * NS_PER_MS)
#define SAMPLE_NS NS_PER_S
#define BAR_WIDEST 20
#define BAR_LEAST 5
#define LINE_LENGTH 256

void progress_start(struct progress *progress, const char *target, uint64_t first_offset)
{
	*progress = (struct progress){
		.shown = isatty(STDERR_FILENO) &&
			 !(strcmp(target, TARGET_STDOUT) == 0 && isatty(STDOUT_FILENO)),
		.started_ns = clock_monotonic_ns(),
		.first_offset = first_offset,
	};
}

uint64_t progress_left(
	const struct progress *progress, const struct progress_figures *figures, uint64_t now_ns)
{
	double done = (double)(figures->offset - progress->first_offset);
	double left =
		figures->size > figures->offset ? (double)(figures->size - figures->offset) : 0;
	double spent = figures->asked > 0
			       ? (double)figures->lines * (double)NS_PER_S / figures->asked
			       : (double)(now_ns - progress->started_ns);

	return done > 0 ? (uint64_t)(spent * left / done) : 0;
}

static double part_done(const struct progress_figures *figures)
{
	return figures->size > figures->offset ? (double)figures->offset / (double)figures->size
					       : 1;
}

static void write_extent(
	FILE *out, const struct progress *progress, const struct progress_figures *figures)
{
	uint64_t left = progress_left(progress, figures, clock_monotonic_ns()) / NS_PER_S;

	if (figures->size > 0)
		fprintf(out, "%3d%%  %" PRIu64 ":%02" PRIu64 ":%02" PRIu64 " left  ",
			(int)(part_done(figures) * 100), left / 3600, left / 60 % 60, left % 60);
	fprintf(out, "%" PRIu64 " lines  ", figures->lines);
}

static void write_pace(
	FILE *out, const struct progress *progress, const struct progress_figures *figures)
{
	fprintf(out, "%.4g/s", progress->reached);
	if (figures->asked > 0)
		fprintf(out, " of %.4g/s", figures->asked);
	fprintf(out, "  late %.3g ms", (double)figures->late_ns / (double)NS_PER_MS);
	if (figures->speed < 1 || figures->speed > 1)
		fprintf(out, "  speed %.3g", figures->speed);
	if (figures->paused)
		fputs("  paused", out);
}

/* Fits it into so many columns. */
static void draw_bar(const struct progress_figures *figures, int room)
{
	static const char full[] = "####################";
	int width = room - 3; /* brackets and a blank */

	_Static_assert(sizeof(full) == BAR_WIDEST + 1, "the bar is as wide as it says");
	if (figures->size == 0 || width < BAR_LEAST)
		return;
	if (width > BAR_WIDEST)
		width = BAR_WIDEST;
	fprintf(stderr, "[%-*.*s] ", width, (int)(part_done(figures) * width), full);
}

static int columns(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* No wider than the screen, where it could not be drawn over. */
static void draw(const struct progress *progress, const struct progress_figures *figures)
{
	char line[LINE_LENGTH] = "";
	int room = columns() - 1;
	FILE *out = fmemopen(line, sizeof(line), "w");

	if (!out)
		return;
	write_extent(out, progress, figures);
	write_pace(out, progress, figures);
	fclose(out);
	fputc('\r', stderr);
	draw_bar(figures, room - (int)strlen(line));
	fprintf(stderr, "%.*s\033[K", room, line);
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
