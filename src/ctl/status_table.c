#include "ctl/status.h"

#include "base/clock.h"
#include "base/log.h"
#include "ctl/table.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>

static const char *const headings[] = { "-SECTION", "<FILE", "OFFSET", "LAG", "AGE", "LINES/S",
	"LOST", "GAPS", "REFUSED", "RESTARTS", "-STATE", NULL };

/* What is printed, and of what. */
struct view {
	const struct snapshot *snapshot, *before;
	const struct daemon_view *daemon;
};

static void add_nothing(struct table *table, size_t cells, const char *text)
{
	while (cells-- > 0)
		table_add(table, COLOUR_NONE, "%s", text);
}

static void add_figure(
	struct table *table, const struct section_view *section, const char *name, enum colour bad)
{
	uint64_t value;

	if (section_figure(section, name, &value))
		table_add(table, value ? bad : COLOUR_NONE, "%" PRIu64, value);
	else
		add_nothing(table, 1, "-");
}

static void add_rate(
	struct table *table, const struct view *view, const struct section_view *section)
{
	double rate = section_rate(view->snapshot, view->daemon, section, view->before);

	if (isnan(rate))
		add_nothing(table, 1, "-");
	else
		table_add(table, COLOUR_NONE, "%.*f", rate < 10 ? 2 : 0, rate);
}

static enum colour state_colour(const struct view *view, const struct section_view *section)
{
	if (!view->daemon->alive || section_hangs(view->snapshot, view->daemon, section))
		return COLOUR_BAD;
	if (section->page.state == STATS_FINISHED)
		return COLOUR_NONE;
	return section->page.state == STATS_RUNNING && !section->page.note[0] ? COLOUR_GOOD
									      : COLOUR_WARNING;
}

static void add_state(
	struct table *table, const struct view *view, const struct section_view *section)
{
	const char *text = section_state_text(view->snapshot, view->daemon, section);
	enum colour colour = state_colour(view, section);

	if (section_hangs(view->snapshot, view->daemon, section))
		table_add(table, colour, "%s, no sign of life for %" PRIu64 " s", text,
			silence_ns(view->snapshot, section->page.beat_ns) / NS_PER_S);
	else if (section->page.note[0])
		table_add(table, colour, "%s, %s", text, section->page.note);
	else
		table_add(table, colour, "%s", text);
}

static void add_file(struct table *table, const struct view *view, const struct record *record)
{
	struct lag lag;

	table_add_bytes(table, record->path, strlen(record->path));
	table_add(table, COLOUR_NONE, "%" PRIu64, record->place.offset);
	if (!saved_lag(record, view->snapshot->now_ns, &lag)) {
		add_nothing(table, 2, "-");
		return;
	}
	table_add(table, lag.bytes ? COLOUR_WARNING : COLOUR_NONE, "%" PRIu64, lag.bytes);
	table_add(table, COLOUR_NONE, "%" PRIu64 "s", lag.seconds);
}

/* What concerns the whole section stands in its first row only. */
static void end_row(struct table *table, const struct view *view,
	const struct section_view *section, bool first)
{
	if (!first) {
		add_nothing(table, 6, "");
		return;
	}
	add_rate(table, view, section);
	add_figure(table, section, "lost_bytes_total", COLOUR_BAD);
	add_figure(table, section, "gaps_total", COLOUR_BAD);
	add_figure(table, section, "refused_bytes_total", COLOUR_WARNING);
	table_add(table, section->page.restarts ? COLOUR_WARNING : COLOUR_NONE, "%" PRIu64,
		(uint64_t)section->page.restarts);
	add_state(table, view, section);
}

/* A path, a file of it, or NULL: none is there so far. */
static void add_row(struct table *table, const struct view *view,
	const struct section_view *section, const struct stream *stream, const struct logfile *file,
	bool first)
{
	table_add(table, COLOUR_NONE, "%s", first ? section->page.section : "");
	if (file) {
		add_file(table, view, &file->record);
	} else {
		table_add(table, COLOUR_NONE, "%s", stream ? stream->path : "-");
		add_nothing(table, 3, "-");
	}
	end_row(table, view, section, first);
}

static void add_section(
	struct table *table, const struct view *view, const struct section_view *section)
{
	const struct tracker *tracker = &section->saved.tracker;
	bool first = true;

	for (size_t i = 0; i < tracker->count; i++) {
		const struct stream *stream = tracker->streams[i];
		const struct logfile *file = stream_current(stream);

		do {
			add_row(table, view, section, stream, file, first);
			first = false;
			file = file ? file->younger : NULL;
		} while (file);
	}
	if (first)
		add_row(table, view, section, NULL, NULL, true);
}

static enum colour daemon_colour(enum daemon_state state)
{
	return state == DAEMON_RUNNING   ? COLOUR_GOOD
	       : state == DAEMON_STOPPED ? COLOUR_NONE
					 : COLOUR_BAD;
}

static void print_daemon_details(FILE *out, const struct view *view)
{
	const struct stats_header *header = &view->daemon->header;
	time_t started = (time_t)(header->started_ns / NS_PER_S);
	struct tm local;
	char since[32] = "?";

	if (localtime_r(&started, &local))
		strftime(since, sizeof(since), "%F %T", &local);
	fprintf(out, ", pid %" PRIu64 ", since %s", (uint64_t)header->pid, since);
	if (header->reloads + header->failed_reloads > 0)
		fprintf(out, ", reloads: %" PRIu64 " done, %" PRIu64 " refused",
			(uint64_t)header->reloads, (uint64_t)header->failed_reloads);
	if (daemon_state(view->snapshot, view->daemon) == DAEMON_HANGS)
		fprintf(out, ", no sign of life for %" PRIu64 " s",
			silence_ns(view->snapshot, header->beat_ns) / NS_PER_S);
}

static void print_daemon(FILE *out, const struct view *view, bool colours)
{
	enum daemon_state state = daemon_state(view->snapshot, view->daemon);

	fprintf(out, "%s: ", view->daemon->name);
	table_put(out, colours, daemon_colour(state),
		daemon_state_text(view->snapshot, view->daemon));
	if (state == DAEMON_STOPPED || state == DAEMON_UNKNOWN)
		fprintf(out, " (%s)", view->daemon->stats);
	else
		print_daemon_details(out, view);
	fputc('\n', out);
}

bool status_is_chosen(const struct status_choice *choice, const struct section_view *section)
{
	for (size_t i = 0; i < choice->count; i++)
		if (section_is_named(section, choice->sections[i]))
			return true;
	return choice->count == 0;
}

static void print_sections(FILE *out, const struct view *view, const struct status_choice *choice)
{
	struct table table;

	table_init(&table, headings);
	table.width = choice->width;
	for (size_t i = 0; i < view->daemon->count; i++)
		if (status_is_chosen(choice, &view->daemon->sections[i]))
			add_section(&table, view, &view->daemon->sections[i]);
	if (table.count > 0)
		table_print(&table, out, choice->colours);
	table_free(&table);
}

void status_print(FILE *out, const struct snapshot *snapshot, const struct snapshot *before,
	const struct status_choice *choice)
{
	for (size_t i = 0; i < snapshot->count; i++) {
		const struct view view = { snapshot, before, &snapshot->daemons[i] };

		print_daemon(out, &view, choice->colours);
		print_sections(out, &view, choice);
	}
}
