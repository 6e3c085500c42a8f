#include "ctl/status.h"

#include "base/clock.h"
#include "ctl/json.h"

#include <string.h>

struct view {
	const struct snapshot *snapshot, *before;
	const struct daemon_view *daemon;
};

static double seconds(uint64_t ns)
{
	return (double)ns / (double)NS_PER_S;
}

static void put_file(
	struct json *json, const struct view *view, const struct record *record, const char *stream)
{
	struct lag lag;
	bool known = saved_lag(record, view->snapshot->now_ns, &lag);

	json_open(json, NULL, '{');
	json_text(json, "path", record->path);
	json_text(json, "live_path", stream);
	json_text(json, "id", record->id);
	json_number(json, "offset", record->place.offset);
	if (known) {
		json_number(json, "lag_bytes", lag.bytes);
		json_number(json, "lag_seconds", lag.seconds);
	} else {
		json_null(json, "lag_bytes");
		json_null(json, "lag_seconds");
	}
	json_number(json, "handed_bytes", record->accounts.handed);
	json_number(json, "refused_bytes", record->accounts.refused);
	json_number(json, "skipped_bytes", record->accounts.skipped);
	json_number(json, "lost_bytes", record->accounts.lost);
	json_number(json, "gaps", record->accounts.gaps);
	json_close(json, '}');
}

/* null where they cannot be read, which is not the same as none. */
static void put_files(
	struct json *json, const struct view *view, const struct section_view *section)
{
	const struct tracker *tracker = &section->saved.tracker;

	if (section->unsaved) {
		json_null(json, "files");
		return;
	}
	json_open(json, "files", '[');
	for (size_t i = 0; i < tracker->count; i++)
		for (const struct logfile *file = stream_current(tracker->streams[i]); file;
			file = file->younger)
			put_file(json, view, &file->record, tracker->streams[i]->path);
	json_close(json, ']');
}

static void put_figures(struct json *json, const struct section_view *section)
{
	const struct stats_figure *figures = section->page.figures;

	json_open(json, "figures", '{');
	for (size_t i = 0; section_has_figures(section) && i < STATS_FIGURES && figures[i].name[0];
		i++)
		json_number(json, figures[i].name, figures[i].value);
	json_close(json, '}');
}

static void put_section(
	struct json *json, const struct view *view, const struct section_view *section)
{
	json_open(json, NULL, '{');
	json_text(json, "section", section->page.section);
	json_text(json, "state", section_state_text(view->snapshot, view->daemon, section));
	json_text(json, "note", section->page.note);
	json_number(json, "pid", section->page.pid);
	json_number(json, "restarts", section->page.restarts);
	json_real(json, "started", seconds(section->page.started_ns));
	json_real(json, "last_beat", seconds(beat_time_ns(view->snapshot, section->page.beat_ns)));
	json_real(json, "lines_per_second",
		section_rate(view->snapshot, view->daemon, section, view->before));
	put_figures(json, section);
	put_files(json, view, section);
	json_close(json, '}');
}

static void put_daemon_details(
	struct json *json, const struct snapshot *snapshot, const struct stats_header *header)
{
	json_text(json, "program", header->program);
	json_text(json, "state_directory", header->state_directory);
	json_number(json, "pid", header->pid);
	json_real(json, "started", seconds(header->started_ns));
	json_real(json, "last_beat", seconds(beat_time_ns(snapshot, header->beat_ns)));
	json_number(json, "reloads", header->reloads);
	json_number(json, "failed_reloads", header->failed_reloads);
}

static void put_daemon(
	struct json *json, const struct view *view, const struct status_choice *choice)
{
	const struct daemon_view *daemon = view->daemon;

	json_open(json, NULL, '{');
	json_text(json, "daemon", daemon->name);
	json_text(json, "stats_file", daemon->stats);
	json_text(json, "state", daemon_state_text(view->snapshot, daemon));
	if (!daemon->error)
		put_daemon_details(json, view->snapshot, &daemon->header);
	json_open(json, "sections", '[');
	for (size_t i = 0; i < daemon->count; i++)
		if (status_is_chosen(choice, &daemon->sections[i]))
			put_section(json, view, &daemon->sections[i]);
	json_close(json, ']');
	json_close(json, '}');
}

void status_print_json(FILE *out, const struct snapshot *snapshot, const struct snapshot *before,
	const struct status_choice *choice)
{
	struct json json = { .out = out };

	json_open(&json, NULL, '{');
	json_real(&json, "time", seconds(snapshot->now_ns));
	json_open(&json, "daemons", '[');
	for (size_t i = 0; i < snapshot->count; i++) {
		const struct view view = { snapshot, before, &snapshot->daemons[i] };

		put_daemon(&json, &view, choice);
	}
	json_close(&json, ']');
	json_close(&json, '}');
}
