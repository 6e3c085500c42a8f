#include "ctl/metrics.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/status.h"
#include "ctl/escape.h"
#include "ctl/families.h"
#include "ctl/output.h"
#include "ctl/snapshot.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "linekeeper_"

/* What the figures of all kinds of sections mean; see the daemons' figures.c. */
static const char *help_for(const char *figure)
{
	static const char *const texts[][2] = {
		{ "lines_total", "Lines handed over or written since the worker started." },
		{ "handed_bytes_total", "Bytes that the handler has accepted." },
		{ "refused_bytes_total", "Bytes of lines that went to the dead letters." },
		{ "skipped_bytes_total", "Bytes left out on purpose." },
		{ "lost_bytes_total", "Bytes that were gone before they could be read." },
		{ "reread_bytes_total", "Bytes read again and thrown away." },
		{ "gaps_total", "Times when lines may have gone unseen." },
		{ "pending_bytes", "Bytes seen and not yet dealt with." },
		{ "files", "Files that are known." },
		{ "open_files", "Files that are held open." },
		{ "handler_waits_total", "Times when the handler asked for time." },
		{ "checkpoints_total", "Checkpoints saved." },
		{ "checkpoint_failures_total", "Checkpoints that could not be saved." },
		{ "bad_lines_total", "Lines that the handler refused for good." },
		{ "long_lines_total", "Lines over max_line." },
		{ "written_bytes_total", "Bytes written to the target." },
		{ "loops_total", "Times when the source began again." },
		{ "lateness_microseconds", "From when the last lines were due to their writing." },
		{ "lateness_max_microseconds", "The largest such lateness." },
		{ "behind_lines", "Lines that are due and not written." },
		{ "skipped_microseconds_total", "Time left out after stalls." },
		{ "source_offset_bytes", "Where in the source the next line is." },
		{ "source_size_bytes", "The size of the source." },
		{ "runs_total", "Runs of the command that were started." },
		{ "failed_total", "Runs that failed." },
		{ "missed_total", "Runs that were left out." },
		{ "timeouts_total", "Runs that took too long and were ended." },
		{ "last_run_microseconds", "How long the last run took." },
		{ "last_exit_status", "Of the last run, as a shell tells it." },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (strcmp(texts[i][0], figure) == 0)
			return texts[i][1];
	return "A figure that the section shows of itself.";
}

/* "name=\"value\",..." from pairs of name and value, NULL at the end. NULL: out of memory. */
static char *labels_of(const char *name, ...) __attribute__((sentinel));

static char *labels_of(const char *name, ...)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	const char *comma = "";
	va_list pairs;

	if (!out)
		return NULL;
	va_start(pairs, name);
	for (; name; name = va_arg(pairs, const char *)) {
		fprintf(out, "%s%s=\"", comma, name);
		escape_label(out, va_arg(pairs, const char *));
		fputc('"', out);
		comma = ",";
	}
	va_end(pairs);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static double seconds(uint64_t ns)
{
	return (double)ns / (double)NS_PER_S;
}

/* In base units, as Prometheus wants them: the name is changed if need be. */
static double in_base_units(char *name, uint64_t value)
{
	char *unit = strstr(name, "_microseconds");

	if (!unit)
		return (double)value;
	unit += 1;
	memmove(unit, unit + strlen("micro"), strlen(unit + strlen("micro")) + 1);
	return (double)value / 1e6;
}

static void add_figures(
	struct families *families, const struct section_view *section, const char *labels)
{
	const struct stats_figure *figures = section->page.figures;
	char name[sizeof(PREFIX) + sizeof(section->kind) + STATS_NAME];
	double value;

	for (size_t i = 0; section_has_figures(section) && i < STATS_FIGURES && figures[i].name[0];
		i++) {
		snprintf(name, sizeof(name), PREFIX "%s_%s", section->kind, figures[i].name);
		value = in_base_units(name, figures[i].value);
		families_add(families, name, help_for(figures[i].name), labels, value);
	}
}

static void add_common(struct families *families, const struct snapshot *snapshot,
	const struct section_view *section)
{
	const struct stats_page *page = &section->page;
	char *labels = labels_of("kind", section->kind, "section", section->name, NULL);

	if (!labels) {
		families->error = -ENOMEM;
		return;
	}
	families_add(families, PREFIX "section_running", "Is the worker of the section up?", labels,
		page->state == STATS_RUNNING);
	families_add(families, PREFIX "section_held_up", "Does anything hold the section up?",
		labels, page->note[0] != '\0');
	families_add(families, PREFIX "section_restarts_total",
		"Workers that died since the daemon started.", labels, (double)page->restarts);
	families_add(families, PREFIX "section_start_time_seconds",
		"When the worker started, in seconds since 1970.", labels,
		seconds(page->started_ns));
	families_add(families, PREFIX "section_last_beat_timestamp_seconds",
		"When the worker last showed a sign of life, in seconds since 1970.", labels,
		seconds(beat_time_ns(snapshot, page->beat_ns)));
	free(labels);
}

/* All files of a live path together, so that a rotation makes no new series. False if one of them
 * cannot be told. */
static bool lag_of_stream(const struct stream *stream, uint64_t now_ns, struct lag *sum)
{
	*sum = (struct lag){ 0 };
	for (const struct logfile *file = stream->oldest; file; file = file->younger) {
		struct lag lag;

		if (!saved_lag(&file->record, now_ns, &lag))
			return false;
		sum->bytes += lag.bytes;
		if (lag.seconds > sum->seconds)
			sum->seconds = lag.seconds;
	}
	return true;
}

static const struct logfile *youngest(const struct stream *stream)
{
	const struct logfile *file = stream->oldest;

	while (file && file->younger)
		file = file->younger;
	return file;
}

static void add_stream(struct families *families, const struct section_view *section,
	const struct stream *stream, uint64_t now_ns)
{
	const struct logfile *live = youngest(stream);
	char *labels;
	struct lag lag;

	if (!live)
		return;
	labels = labels_of("section", section->name, "path", stream->path, NULL);
	if (!labels) {
		families->error = -ENOMEM;
		return;
	}
	families_add(families, PREFIX "tail_file_offset_bytes",
		"How far the youngest file of the path is dealt with.", labels,
		(double)live->record.place.offset);
	if (lag_of_stream(stream, now_ns, &lag)) {
		families_add(families, PREFIX "tail_file_lag_bytes",
			"Bytes in the files of the path that are not dealt with.", labels,
			(double)lag.bytes);
		families_add(families, PREFIX "tail_file_lag_seconds",
			"Time since the last change of a file with such bytes; 0 if there is none.",
			labels, (double)lag.seconds);
	}
	free(labels);
}

static void add_section(struct families *families, const struct snapshot *snapshot,
	const struct section_view *section)
{
	const struct tracker *tracker = &section->saved.tracker;
	char *labels = labels_of("section", section->name, NULL);

	if (labels)
		add_figures(families, section, labels);
	else
		families->error = -ENOMEM;
	free(labels);
	add_common(families, snapshot, section);
	for (size_t i = 0; i < tracker->count; i++)
		add_stream(families, section, tracker->streams[i], snapshot->now_ns);
}

static void add_daemon(struct families *families, const struct snapshot *snapshot,
	const struct daemon_view *daemon, const char *labels)
{
	const struct stats_header *header = &daemon->header;

	families_add(families, PREFIX "up", "Does the daemon live?", labels, daemon->alive);
	if (!daemon->alive)
		return;
	families_add(families, PREFIX "start_time_seconds",
		"When the daemon started, in seconds since 1970.", labels,
		seconds(header->started_ns));
	families_add(families, PREFIX "last_beat_timestamp_seconds",
		"When the daemon last showed a sign of life, in seconds since 1970.", labels,
		seconds(beat_time_ns(snapshot, header->beat_ns)));
	families_add(families, PREFIX "reloads_total", "Configurations read again.", labels,
		(double)header->reloads);
	families_add(families, PREFIX "failed_reloads_total", "Configurations that were refused.",
		labels, (double)header->failed_reloads);
}

/* What a dead daemon has left is not how things stand: it is only not up. */
static void add_all(struct families *families, const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->count; i++) {
		const struct daemon_view *daemon = &snapshot->daemons[i];
		char *labels = labels_of("daemon", daemon->name, NULL);

		if (labels)
			add_daemon(families, snapshot, daemon, labels);
		else
			families->error = -ENOMEM;
		free(labels);
		for (size_t j = 0; daemon->alive && j < daemon->count; j++)
			add_section(families, snapshot, &daemon->sections[j]);
	}
}

static int check(const struct snapshot *snapshot, char *why, size_t size)
{
	for (size_t i = 0; i < snapshot->count; i++) {
		const struct daemon_view *daemon = &snapshot->daemons[i];

		if (daemon_state(snapshot, daemon) != DAEMON_UNKNOWN)
			continue;
		snprintf(why, size, "%s: %s", daemon->stats, daemon_state_text(snapshot, daemon));
		return daemon->error;
	}
	return 0;
}

static int print(const struct snapshot *snapshot, char **text, size_t *len)
{
	struct families families = { 0 };
	FILE *out = open_memstream(text, len);
	int error;

	if (!out)
		return -ENOMEM;
	add_all(&families, snapshot);
	families_print(&families, out);
	error = families.error;
	families_free(&families);
	if (fclose(out) != 0)
		error = -ENOMEM;
	if (error)
		free(*text);
	return error;
}

int metrics_text(const struct places *places, char **text, size_t *len, char *why, size_t size)
{
	struct snapshot snapshot;
	int error = snapshot_take(&snapshot, places);

	if (error) {
		snprintf(why, size, "%s", reason(error));
		return error;
	}
	error = check(&snapshot, why, size);
	if (!error) {
		error = print(&snapshot, text, len);
		if (error)
			snprintf(why, size, "%s", reason(error));
	}
	snapshot_free(&snapshot);
	return error;
}

int metrics_run(const struct places *places)
{
	char *text, why[512];
	size_t len;

	if (metrics_text(places, &text, &len, why, sizeof(why)) != 0) {
		log_error("%s", why);
		return STATUS_FAILURE;
	}
	fwrite(text, 1, len, stdout);
	free(text);
	return output_finish() ? STATUS_FAILURE : STATUS_OK;
}
