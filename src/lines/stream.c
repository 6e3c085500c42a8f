#include "lines/stream.h"
#include "base/clock.h"
#include "base/log.h"
#include "lines/assemble.h"

#include "lines/unpack.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct stream *stream_new(const char *path)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return NULL;
	stream->path = strdup(path);
	if (!stream->path || names_init_path(&stream->siblings, stream->path) < 0) {
		stream_free(stream);
		return NULL;
	}
	return stream;
}

void stream_free(struct stream *stream)
{
	if (!stream)
		return;
	while (stream->oldest) {
		struct logfile *file = stream->oldest;

		stream->oldest = file->younger;
		logfile_free(file);
	}
	names_free(&stream->siblings);
	free(stream->path);
	free(stream);
}

void stream_append(struct stream *stream, struct logfile *file)
{
	struct logfile **end = &stream->oldest;

	while (*end)
		end = &(*end)->younger;
	file->younger = NULL;
	*end = file;
}

/* The file that the live path led to at the last look; NULL if to none. */
static struct logfile *named(const struct stream *stream)
{
	struct logfile *file = stream->oldest;

	while (file && !file->named)
		file = file->younger;
	return file;
}

static void report(struct stream *stream, int error)
{
	if (error && error != stream->trouble)
		log_warning("%s: %s", stream->path,
			error == -EINVAL ? "not a regular file, ignored" : reason(error));
	else if (!error && stream->trouble)
		log_info("%s: is there now", stream->path);
	stream->trouble = error;
}

static bool cut(const struct logfile *file, const struct stat *st)
{
	return !unpack_name(file->record.path) && (uint64_t)st->st_size < logfile_size(file);
}

/* What was there a look ago is gone, also what we had no time to read. */
static void displace_cut(struct stream *stream, struct logfile *file, const struct look *look)
{
	file->record.size = logfile_size(file);
	stream_displace(stream, file, look);
}

static void look_at_file(
	struct stream *stream, struct logfile *file, const struct stat *st, const struct look *look)
{
	if (cut(file, st))
		displace_cut(stream, file, look);
	else if (!place_seen(&file->record.place) && logfile_changed(file, st))
		stream_assemble(stream, st, look); /* only the inode tells that it is the same */
	else
		logfile_note(file, st, look->now);
}

/* Another file than before is at the path, or we have just started. */
static void look_at_new(struct stream *stream, const struct stat *st, const struct look *look)
{
	struct logfile *file = named(stream);

	switch (look->claim(look, stream, stream->path, st)) {
	case CLAIM_NEW:
	case CLAIM_MOVED:
		stream_assemble(stream, st, look);
		break;
	case CLAIM_OTHER:
		if (file)
			file->named = false;
		break;
	}
}

/* Nothing is at the path. What was there may have been rotated, and what has come and gone since:
 * every rotation changes the directory. */
static void look_at_nothing(struct stream *stream, const struct look *look)
{
	struct logfile *file = named(stream);

	if (file) {
		file->named = false;
		file->quiet_since = look->now;
	}
	if (names_has_news(&stream->siblings) || !stream->assembled || stream->postponed || file)
		stream_assemble(stream, NULL, look);
}

/* Between the rename and the create of a rotation a path that was there is missing for a moment. */
static bool in_rotation(struct stream *stream, int error, const struct look *look)
{
	if (error != -ENOENT || !stream->oldest) {
		stream->missing_since = 0;
		return false;
	}
	if (!stream->missing_since)
		stream->missing_since = look->now;
	return look->now - stream->missing_since < look->rules->grace_ns;
}

static void look_at_path(struct stream *stream, const struct look *look)
{
	struct logfile *file = named(stream);
	struct stat st;
	int error = stream_stat(stream, &st);

	if (!in_rotation(stream, error, look))
		report(stream, error);
	if (!error && stream->assembled && file && logfile_leads_to(file, &st))
		look_at_file(stream, file, &st, look);
	else if (!error)
		look_at_new(stream, &st, look);
	else if (error == -ENOENT)
		look_at_nothing(stream, look);
}

/* Files that the path has left behind may still grow: their writer may not know yet. */
void stream_look_at_others(struct stream *stream, const struct look *look)
{
	struct stat st;

	for (struct logfile *file = stream->oldest; file; file = file->younger) {
		if (file->named || !file->content || content_stat(file->content, &st) < 0)
			continue;
		if (cut(file, &st)) {
			displace_cut(stream, file, look);
			return; /* the list is another one now */
		}
		logfile_note(file, &st, look->now);
	}
}

void stream_look(struct stream *stream, const struct look *look)
{
	look_at_path(stream, look);
	stream_look_at_others(stream, look);
}

static bool quiet_for(const struct logfile *file, const struct look *look, uint64_t time)
{
	return look->now >= file->quiet_since && look->now - file->quiet_since >= time;
}

/* Will somebody add to this file? 1, 0, or a negative errno where that cannot be told. A compressed
 * one says itself where it ends. */
static int may_grow(const struct logfile *file)
{
	if (!file->content)
		return -EBADF;
	return content_packed(file->content) ? file->unread : content_has_writer(file->content);
}

/* Is it likely that nobody will? */
static bool at_rest(const struct logfile *file, const struct look *look)
{
	return quiet_for(file, look, look->rules->grace_ns) || may_grow(file) == 0;
}

/* Is it sure, or if that cannot be told, likely? A writer that does not know of the rotation, or
 * has something to do yet, may add late lines at any time. */
static bool is_left(const struct logfile *file, const struct look *look)
{
	int grows = may_grow(file);

	return grows < 0 ? quiet_for(file, look, look->rules->grace_ns) : grows == 0;
}

/* Is the unterminated end of this file all there will be of that line? */
static bool partial_due(const struct logfile *file, const struct look *look, bool flush)
{
	uint64_t timeout = look->rules->partial_timeout_ns;

	if (flush || (timeout && quiet_for(file, look, timeout)))
		return true;
	return !file->named && at_rest(file, look);
}

static void report_file(struct logfile *file, int error)
{
	if (error && error != file->trouble)
		log_warning("%s: %s", file->record.path, reason(error));
	file->trouble = error;
}

/* 1, 0 or a negative errno, as reader_read(). */
static int read_file(struct logfile *file, struct reader *reader, const struct look *look,
	bool flush, struct reading *reading)
{
	int got = 0;

	if (file->unread)
		got = reader_read(reader, file, reading);
	if (got == 0 && file->partial && partial_due(file, look, flush))
		got = reader_read_partial(reader, file, reading);
	return got;
}

/* Opens what is to be read; looks for it if its path leads elsewhere by now. */
static int open_file(struct stream *stream, struct logfile *file, const struct look *look)
{
	struct stat st;
	int error;

	if (file->content)
		return 0;
	error = logfile_open(file);
	if (!error && *look->spare > 0)
		--*look->spare;
	if (error == -ESTALE)
		stream_assemble(stream, stream_stat(stream, &st) == 0 ? &st : NULL, look);
	return error;
}

/* A compressed file that is cut or corrupt may still be written: it is waited for while it
 * grows. Then the rest of it is lost. */
static bool give_up(struct logfile *file, const struct look *look, int error)
{
	struct record *record = &file->record;

	if (error != -EBADMSG || !quiet_for(file, look, look->rules->grace_ns))
		return false;
	log_warning("%s: cut or corrupt after %" PRIu64 " bytes, the rest is lost", record->path,
		record->place.offset);
	record->accounts.gaps++;
	record->accounts.lost += record->size - record->place.offset;
	record->size = record->place.offset;
	file->unread = false;
	file->partial = 0;
	return true;
}

/* Reads in one file, as read_file(); -ESTALE: the stream's files are others now. */
static int read_next(struct stream *stream, struct logfile *file, struct reader *reader,
	const struct look *look, bool flush, struct reading *reading)
{
	int got;

	if (!file->unread && !file->partial)
		return 0;
	got = open_file(stream, file, look);
	if (!got) {
		got = read_file(file, reader, look, flush, reading);
		if (got == -ESTALE)
			stream_displace(stream, file, look);
	}
	if (got != -ESTALE && got != -EBADMSG)
		report_file(file, got < 0 ? got : 0);
	return got;
}

/* Files that are held back are to be known by more than their inode, should we not come to them. */
static void see_waiting(struct logfile *file)
{
	for (; file; file = file->younger)
		logfile_see(file);
}

int stream_read(struct stream *stream, struct reader *reader, const struct look *look, bool flush,
	struct reading *reading)
{
	for (struct logfile *file = stream->oldest; file; file = file->younger) {
		int got = read_next(stream, file, reader, look, flush, reading);

		if (got > 0)
			return 1;
		if (got == -ESTALE || (got < 0 && !give_up(file, look, got)))
			return 0;
		if (file->partial) {
			see_waiting(file->younger);
			return 0; /* the younger ones wait for its end */
		}
	}
	return 0;
}

bool stream_waits(const struct stream *stream, const struct stream_rules *rules)
{
	if (stream->lookup_trouble)
		return true;
	for (const struct logfile *file = stream->oldest; file; file = file->younger)
		if ((!file->named && file->content) || (file->younger && !file->record.ended) ||
			file->unread || (file->partial && rules->partial_timeout_ns))
			return true;
	return false;
}

/* A successor has been begun: it is not needed to tell how far we have come, as long as that one is
 * not truncated. */
static bool succeeded(const struct logfile *file)
{
	while ((file = file->younger))
		if (file->record.place.offset > 0 || file->partial)
			return true;
	return false;
}

static bool removed(const struct logfile *file)
{
	struct stat st;

	return file->content && content_stat(file->content, &st) == 0 && st.st_nlink == 0;
}

/* Are all before it at their end, too? Then it can mark the place. */
static bool can_end(const struct stream *stream, const struct logfile *file)
{
	return stream_current(stream) == file && succeeded(file);
}

/* The oldest that has ended is needed no longer than until the next one marks the place. */
static bool is_superseded(const struct stream *stream, const struct logfile *file)
{
	if (file != stream->oldest || !file->record.ended)
		return false;
	while ((file = file->younger) && file->record.ended)
		if (place_seen(&file->record.place))
			return true;
	return false;
}

/* An empty one marks nothing, and is known by its inode alone, which may be another's soon. */
static bool is_useless(const struct stream *stream, const struct logfile *file)
{
	return !place_seen(&file->record.place) &&
	       (file->record.ended || removed(file) || can_end(stream, file));
}

static bool is_at_end(const struct logfile *file, const struct look *look)
{
	return !file->named && logfile_finished(file) && is_left(file, look);
}

static void tidy_file(struct stream *stream, struct logfile *file, const struct look *look)
{
	if (!is_at_end(file, look))
		return;
	if (is_superseded(stream, file) || is_useless(stream, file) ||
		(!file->younger && removed(file) && !stream_find_copy(stream, file, look))) {
		stream_drop(stream, file);
		return;
	}
	if (!logfile_finished(file))
		return; /* it goes on in its copy */
	logfile_close(file);
	if (!file->record.ended && can_end(stream, file))
		stream_end(stream, file);
}

size_t stream_tidy(struct stream *stream, const struct look *look)
{
	size_t open = 0;
	struct logfile *next;

	for (struct logfile *file = stream->oldest; file; file = next) {
		next = file->younger;
		tidy_file(stream, file, look);
	}
	for (const struct logfile *file = stream->oldest; file; file = file->younger)
		open += file->content != NULL;
	return open;
}

struct logfile *stream_current(const struct stream *stream)
{
	struct logfile *file = stream->oldest;

	while (file && file->record.ended)
		file = file->younger;
	return file;
}

struct logfile *stream_find(const struct stream *stream, const struct stat *st)
{
	struct logfile *file = stream->oldest;

	while (file && (file->record.ended || !logfile_leads_to(file, st)))
		file = file->younger;
	return file;
}

void stream_take_out(struct stream *stream, struct logfile *file)
{
	struct logfile **at = &stream->oldest;

	while (*at != file)
		at = &(*at)->younger;
	*at = file->younger;
}

bool stream_over(const struct stream *stream)
{
	return !stream->oldest && access(stream->path, F_OK) < 0 && errno == ENOENT;
}
