/* What a checkpoint says of a section's files, and what follows from it in the next life. */
#include "base/clock.h"
#include "base/log.h"
#include "lines/tracker.h"
#include "lines/unpack.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Instead of a live path, which is absolute. */
#define ENDED ""

/* The last look that left no question open about a file that is known. */
static uint64_t last_clear_look(const struct tracker *tracker)
{
	uint64_t last = tracker->last_look;

	for (size_t i = 0; i < tracker->count; i++) {
		const struct stream *stream = tracker->streams[i];

		if (stream->oldest && !stream->assembled && stream->looked < last)
			last = stream->looked;
	}
	return last;
}

void tracker_write(const struct tracker *tracker, FILE *out)
{
	fprintf(out, "looked %" PRIu64 "\n", last_clear_look(tracker));
	if (memcmp(&tracker->ended, &(struct accounts){ 0 }, sizeof(tracker->ended)) != 0)
		record_write_total(out, &tracker->ended, ENDED);
	for (size_t i = 0; i < tracker->count; i++) {
		const struct stream *stream = tracker->streams[i];

		for (const struct logfile *file = stream->oldest; file; file = file->younger)
			record_write(out, &file->record, stream->path);
		record_write_total(out, &stream->total, stream->path);
	}
}

static int add_record(struct tracker *tracker, struct record *record, const char *path)
{
	struct stream *stream = tracker_stream(tracker, path);
	struct logfile *file = calloc(1, sizeof(*file));

	if (!stream || !file) {
		free(file);
		free(record->path);
		return -ENOMEM;
	}
	file->record = *record;
	file->unread = !record->ended;
	file->quiet_since = clock_monotonic_ns();
	stream->looked = tracker->last_look;
	stream_append(stream, file);
	return 0;
}

static int read_file_line(struct tracker *tracker, char *line)
{
	struct record record;
	char *path;
	int error = record_read(line, &record, &path);

	if (error)
		return error;
	error = add_record(tracker, &record, path);
	free(path);
	return error;
}

static int read_total_line(struct tracker *tracker, char *line)
{
	struct accounts total;
	struct stream *stream;
	char *path;
	int error = record_read_total(line, &total, &path);

	if (error)
		return error;
	if (strcmp(path, ENDED) == 0) {
		free(path);
		tracker->ended = total;
		return 0;
	}
	stream = tracker_stream(tracker, path);
	free(path);
	if (!stream)
		return -ENOMEM;
	stream->total = total;
	return 0;
}

int tracker_read_line(struct tracker *tracker, char *line)
{
	if (strncmp(line, "file ", 5) == 0)
		return read_file_line(tracker, line);
	if (strncmp(line, "total ", 6) == 0)
		return read_total_line(tracker, line);
	return sscanf(line, "looked %" SCNu64, &tracker->last_look) == 1 ? 0 : -EINVAL;
}

void tracker_recorded(struct tracker *tracker)
{
	tracker->changed = false;
	for (size_t i = 0; i < tracker->count; i++) {
		for (struct logfile *file = tracker->streams[i]->oldest; file; file = file->younger)
			file->recorded = place_seen(&file->record.place) && !logfile_over(file);
	}
}

bool tracker_all_recorded(const struct tracker *tracker)
{
	for (size_t i = 0; i < tracker->count; i++)
		for (struct logfile *file = tracker->streams[i]->oldest; file; file = file->younger)
			if (!file->recorded && !logfile_over(file))
				return false;
	return true;
}

void tracker_forget_unconfigured(struct tracker *tracker)
{
	size_t kept = 0;

	for (size_t i = 0; i < tracker->count; i++) {
		struct stream *stream = tracker->streams[i];

		if (tracker_covers(tracker, stream->path)) {
			tracker->streams[kept++] = stream;
			continue;
		}
		log_info("%s: no longer a path of this section", stream->path);
		tracker->forgot = true;
		stream_free(stream);
	}
	tracker->count = kept;
}

uint64_t tracker_unread(const struct tracker *tracker)
{
	struct tracker_summary summary;

	for (size_t i = 0; i < tracker->count; i++)
		for (struct logfile *file = tracker->streams[i]->oldest; file; file = file->younger)
			if (unpack_name(file->record.path) && !file->record.ended)
				return UINT64_MAX;
	tracker_summarise(tracker, &summary);
	return summary.pending;
}

bool tracker_all_found(const struct tracker *tracker)
{
	for (size_t i = 0; i < tracker->count; i++) {
		const struct stream *stream = tracker->streams[i];

		/* What no checkpoint knows has no lines in doubt, wherever it leads to. */
		if (stream->missing || (stream->oldest && !stream->assembled))
			return false;
	}
	return !tracker->forgot;
}
