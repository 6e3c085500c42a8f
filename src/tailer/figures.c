#include "tailer/figures.h"

#include <string.h>

static const char *const names[] = {
	[FIGURE_LINES] = "lines_total",
	[FIGURE_HANDED] = "handed_bytes_total",
	[FIGURE_REFUSED] = "refused_bytes_total",
	[FIGURE_SKIPPED] = "skipped_bytes_total",
	[FIGURE_LOST] = "lost_bytes_total",
	[FIGURE_REREAD] = "reread_bytes_total",
	[FIGURE_GAPS] = "gaps_total",
	[FIGURE_PENDING] = "pending_bytes",
	[FIGURE_FILES] = "files",
	[FIGURE_OPEN_FILES] = "open_files",
	[FIGURE_WAITS] = "handler_waits_total",
	[FIGURE_CHECKPOINTS] = "checkpoints_total",
	[FIGURE_CHECKPOINT_FAILURES] = "checkpoint_failures_total",
	[FIGURE_BAD_LINES] = "bad_lines_total",
	[FIGURE_LONG_LINES] = "long_lines_total",
};

void figures_define(struct stats_page *page)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		stats_define(page, i, names[i]);
		stats_set(page, i, 0);
	}
}

void figures_show(struct stats_page *page, const char *name, uint64_t value)
{
	size_t i = sizeof(names) / sizeof(*names);

	if (!page)
		return;
	while (i < STATS_FIGURES && page->figures[i].name[0] &&
		strcmp(page->figures[i].name, name) != 0)
		i++;
	stats_define(page, i, name);
	stats_set(page, i, value);
}

void figures_show_files(struct stats_page *page, const struct tracker *tracker)
{
	struct tracker_summary summary;

	if (!page)
		return;
	tracker_summarise(tracker, &summary);
	stats_set(page, FIGURE_HANDED, summary.accounts.handed);
	stats_set(page, FIGURE_REFUSED, summary.accounts.refused);
	stats_set(page, FIGURE_SKIPPED, summary.accounts.skipped);
	stats_set(page, FIGURE_LOST, summary.accounts.lost);
	stats_set(page, FIGURE_REREAD, summary.accounts.reread);
	stats_set(page, FIGURE_GAPS, summary.accounts.gaps);
	stats_set(page, FIGURE_PENDING, summary.pending);
	stats_set(page, FIGURE_FILES, summary.files);
	stats_set(page, FIGURE_OPEN_FILES, summary.open);
}
