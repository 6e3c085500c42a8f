/* What a tail section shows of itself in the .stats file, see daemon/stats.h. */
#ifndef TAILER_FIGURES_H
#define TAILER_FIGURES_H

#include "daemon/stats.h"
#include "lines/tracker.h"

/* Counted since the worker started; the bytes are the checkpoint's, over all lives. */
enum figure {
	FIGURE_LINES,
	FIGURE_HANDED,
	FIGURE_REFUSED,
	FIGURE_SKIPPED,
	FIGURE_LOST,
	FIGURE_REREAD,
	FIGURE_GAPS,
	FIGURE_PENDING,
	FIGURE_FILES,
	FIGURE_OPEN_FILES,
	FIGURE_WAITS,
	FIGURE_CHECKPOINTS,
	FIGURE_CHECKPOINT_FAILURES,
	FIGURE_BAD_LINES,
	FIGURE_LONG_LINES,
};

void figures_define(struct stats_page *page);

/* One of the handler's, by its name; it stands behind them. */
void figures_show(struct stats_page *page, const char *name, uint64_t value);

/* Those that are told by the state of the files. */
void figures_show_files(struct stats_page *page, const struct tracker *tracker);

#endif
