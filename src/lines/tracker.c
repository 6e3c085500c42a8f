#include "lines/tracker.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "lines/candidates.h"
#include "lines/unpack.h"

#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Position of the stream with this path, or where it belongs. */
static size_t find_position(const struct tracker *tracker, const char *path, bool *found)
{
	size_t low = 0, high = tracker->count;

	*found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(path, tracker->streams[middle]->path);

		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

struct stream *tracker_stream(struct tracker *tracker, const char *path)
{
	struct stream **streams, *stream;
	bool found;
	size_t at = find_position(tracker, path, &found);

	if (found)
		return tracker->streams[at];
	streams = reallocarray(tracker->streams, tracker->count + 1, sizeof(struct stream *));
	if (!streams)
		return NULL;
	tracker->streams = streams;
	stream = stream_new(path);
	if (!stream)
		return NULL;
	memmove(streams + at + 1, streams + at, (tracker->count - at) * sizeof(struct stream *));
	stream->looked = tracker->last_look;
	streams[at] = stream;
	tracker->count++;
	return stream;
}

static int add_pattern(struct tracker *tracker, const char *text)
{
	struct names *names = &tracker->patterns[tracker->pattern_count];
	int error = names_init(names, text);

	if (error)
		return error;
	tracker->pattern_count++;
	return names->literal && !tracker_stream(tracker, text) ? -ENOMEM : 0;
}

int tracker_init(struct tracker *tracker, char *const *paths, const struct stream_rules *rules,
	size_t max_open)
{
	size_t count = 0;
	int error = 0;

	while (paths[count])
		count++;
	*tracker = (struct tracker){ .rules = *rules, .max_open = max_open, .spare = max_open };
	tracker->patterns = calloc(count ? count : 1, sizeof(*tracker->patterns));
	if (!tracker->patterns)
		return -ENOMEM;
	for (size_t i = 0; !error && i < count; i++)
		error = add_pattern(tracker, paths[i]);
	if (error)
		tracker_free(tracker);
	return error;
}

void tracker_free(struct tracker *tracker)
{
	for (size_t i = 0; i < tracker->count; i++)
		stream_free(tracker->streams[i]);
	for (size_t i = 0; i < tracker->pattern_count; i++)
		names_free(&tracker->patterns[i]);
	listing_free(&tracker->listing);
	free(tracker->streams);
	free(tracker->patterns);
	*tracker = (struct tracker){ 0 };
}

bool tracker_covers(const struct tracker *tracker, const char *path)
{
	for (size_t i = 0; i < tracker->pattern_count; i++)
		if (names_cover(&tracker->patterns[i], path))
			return true;
	return false;
}

/* Is this a rotated file of a log of this section that we know, or that is there? */
static bool is_default_sibling(const struct tracker *tracker, const char *path)
{
	char *live;
	bool known = false;

	for (unsigned nth = 0; !known && (live = siblings_live_name(path, nth)); nth++) {
		find_position(tracker, live, &known);
		known = known || (tracker_covers(tracker, live) && access(live, F_OK) == 0);
		free(live);
	}
	return known;
}

/* A path that matches a rotated pattern is never a live file. */
static bool is_rotated(const struct tracker *tracker, const char *path)
{
	char *const *rotated = tracker->rules.rotated;

	if (!rotated || !rotated[0])
		return is_default_sibling(tracker, path);
	for (; *rotated; rotated++)
		if (fnmatch(*rotated, path, FNM_PATHNAME | FNM_PERIOD) == 0)
			return true;
	return false;
}

static void add_path(struct tracker *tracker, const char *path)
{
	bool found;

	find_position(tracker, path, &found);
	if (found || is_rotated(tracker, path))
		return;
	if (!tracker_stream(tracker, path))
		log_error("%s: %s", path, reason(-ENOMEM));
}

static void search(struct tracker *tracker, const struct names *names)
{
	glob_t found;

	if (glob(names->glob, GLOB_NOSORT, NULL, &found) != 0)
		return; /* nothing there, for now */
	for (size_t i = 0; i < found.gl_pathc; i++)
		add_path(tracker, found.gl_pathv[i]);
	globfree(&found);
}

static void scan(struct tracker *tracker, bool all)
{
	for (size_t i = 0; i < tracker->pattern_count; i++) {
		struct names *names = &tracker->patterns[i];

		if (!names->literal && (names_has_news(names) || all))
			search(tracker, names);
	}
}

static bool path_leads_to(const char *path, const struct stat *st)
{
	struct stat there;

	return stat(path, &there) == 0 && file_is_same(&there, st);
}

/* Also one that has ended, if its content can tell: an inode may have been given out again. */
static struct logfile *find_known(const struct stream *stream, const struct stat *st)
{
	struct logfile *file = stream->oldest;

	while (file && (!logfile_leads_to(file, st) ||
			       (file->record.ended && !place_seen(&file->record.place))))
		file = file->younger;
	return file;
}

static enum claim claim(
	const struct look *look, struct stream *self, const char *path, const struct stat *st)
{
	const struct tracker *tracker = look->context;
	const struct candidate here = { .path = path, .st = *st };

	for (size_t i = 0; i < tracker->count; i++) {
		struct stream *other = tracker->streams[i];
		struct logfile *file = other == self ? NULL : find_known(other, st);
		int fits;

		if (!file)
			continue;
		if (path_leads_to(other->path, st))
			return CLAIM_OTHER;
		/* One that is held open is read to its end where it was. */
		fits = file->content ? logfile_finished(file) : candidate_fits(file, &here, look);
		if (fits == 0 && !file->content)
			continue;
		if (fits != 1 || logfile_set_path(file, path) < 0)
			return CLAIM_OTHER;
		file->record.ended = false;
		stream_take_out(other, file);
		stream_append(self, file);
		other->changed = self->changed = true;
		return CLAIM_MOVED;
	}
	return CLAIM_NEW;
}

static struct look look(struct tracker *tracker)
{
	return (struct look){ .rules = &tracker->rules,
		.now = tracker->now,
		.last = tracker->last_look,
		.final = true,
		.claim = claim,
		.context = tracker,
		.listing = &tracker->listing,
		.spare = &tracker->spare };
}

static void note_change(struct tracker *tracker, struct stream *stream)
{
	tracker->changed |= stream->changed;
	stream->changed = false;
}

void tracker_look(struct tracker *tracker, bool all)
{
	uint64_t started = clock_realtime_ns();
	struct look at;

	tracker->now = clock_monotonic_ns();
	scan(tracker, all);
	at = look(tracker);
	/* What one stream misses another may find at its path. */
	at.final = tracker->count == 1;
	for (size_t i = 0; i < tracker->count; i++)
		stream_look(tracker->streams[i], &at);
	at.final = true;
	for (size_t i = 0; i < tracker->count; i++) {
		if (tracker->streams[i]->postponed)
			stream_look(tracker->streams[i], &at);
		note_change(tracker, tracker->streams[i]);
		if (tracker->streams[i]->assembled)
			tracker->streams[i]->looked = started;
	}
	tracker->last_look = started;
}

bool tracker_look_at(struct tracker *tracker, const char *path)
{
	bool found;
	size_t at = find_position(tracker, path, &found);
	struct look one = look(tracker);

	if (!found)
		return false;
	tracker->now = one.now = clock_monotonic_ns();
	one.final = tracker->count == 1;
	stream_look(tracker->streams[at], &one);
	note_change(tracker, tracker->streams[at]);
	if (tracker->streams[at]->postponed)
		tracker_look(tracker, false);
	return true;
}

void tracker_look_at_others(struct tracker *tracker)
{
	struct look at = look(tracker);

	tracker->now = at.now = clock_monotonic_ns();
	for (size_t i = 0; i < tracker->count; i++) {
		stream_look_at_others(tracker->streams[i], &at);
		note_change(tracker, tracker->streams[i]);
	}
}

const char *tracker_directory_of(const struct tracker *tracker, size_t index)
{
	for (size_t i = 0; i < tracker->pattern_count; i++)
		if (tracker->patterns[i].directory && index-- == 0)
			return tracker->patterns[i].glob;
	return index < tracker->count ? tracker->streams[index]->path : NULL;
}

int tracker_read(struct tracker *tracker, size_t stream, struct reader *reader, bool flush,
	struct reading *reading)
{
	struct look at = look(tracker);
	int got = stream_read(tracker->streams[stream], reader, &at, flush, reading);

	note_change(tracker, tracker->streams[stream]);
	return got;
}

void tracker_see(struct tracker *tracker)
{
	for (size_t i = 0; i < tracker->count; i++)
		for (struct logfile *file = tracker->streams[i]->oldest; file; file = file->younger)
			if (logfile_size(file) > 0 || unpack_name(file->record.path))
				logfile_see(file);
}

static bool is_literal(const struct tracker *tracker, const char *path)
{
	for (size_t i = 0; i < tracker->pattern_count; i++)
		if (tracker->patterns[i].literal && strcmp(tracker->patterns[i].glob, path) == 0)
			return true;
	return false;
}

/* Streams that a pattern once found, and of which nothing is left. */
static void remove_ended(struct tracker *tracker)
{
	size_t kept = 0;

	for (size_t i = 0; i < tracker->count; i++) {
		struct stream *stream = tracker->streams[i];

		if (!stream_over(stream) || is_literal(tracker, stream->path)) {
			tracker->streams[kept++] = stream;
			continue;
		}
		accounts_add(&tracker->ended, &stream->total);
		stream_free(stream);
	}
	tracker->count = kept;
}

/* Only files that have been read and that their name still reaches may be closed. How many were. */
static size_t close_idle(struct stream *stream)
{
	size_t closed = 0;

	for (struct logfile *file = stream->oldest; file; file = file->younger)
		if (file->content && file->named && logfile_finished(file)) {
			logfile_close(file);
			closed++;
		}
	return closed;
}

void tracker_spare(struct tracker *tracker, size_t stream)
{
	if (tracker->spare == 0 && stream < tracker->count)
		tracker->spare += close_idle(tracker->streams[stream]);
}

void tracker_tidy(struct tracker *tracker)
{
	struct look at = look(tracker);
	size_t open = 0;

	at.now = clock_monotonic_ns();
	for (size_t i = 0; i < tracker->count; i++) {
		open += stream_tidy(tracker->streams[i], &at);
		note_change(tracker, tracker->streams[i]);
	}
	for (size_t i = 0; i < tracker->count && open > tracker->max_open; i++)
		open -= close_idle(tracker->streams[i]);
	tracker->spare = open < tracker->max_open ? tracker->max_open - open : 0;
	remove_ended(tracker);
}

bool tracker_waits(const struct tracker *tracker)
{
	for (size_t i = 0; i < tracker->count; i++)
		if (stream_waits(tracker->streams[i], &tracker->rules))
			return true;
	return false;
}

static void summarise_file(const struct logfile *file, struct tracker_summary *summary)
{
	const struct record *record = &file->record;

	accounts_add(&summary->accounts, &record->accounts);
	if (record->ended)
		return;
	if (record->size > record->place.offset)
		summary->pending += record->size - record->place.offset;
	summary->files++;
	summary->open += file->content != NULL;
}

void tracker_summarise(const struct tracker *tracker, struct tracker_summary *summary)
{
	*summary = (struct tracker_summary){ .accounts = tracker->ended };
	for (size_t i = 0; i < tracker->count; i++) {
		const struct stream *stream = tracker->streams[i];

		accounts_add(&summary->accounts, &stream->total);
		for (const struct logfile *file = stream->oldest; file; file = file->younger)
			summarise_file(file, summary);
	}
}
