#include "lines/assemble.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "lines/candidates.h"
#include "lines/match.h"
#include "lines/unpack.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Files may be renamed while they are looked at, but not for ever; the next look tries again. */
#define TRIES 20

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* It may have grown, and been seen, since it was listed; if its name leads elsewhere by now,
 * nothing tells that it has been cut off. */
static uint64_t size_now(const struct logfile *file, const struct candidate *candidate)
{
	struct stat now;
	int error = file->content ? content_stat(file->content, &now) : stat(candidate->path, &now);

	return !error && file_is_same(&now, &candidate->st) ? (uint64_t)now.st_size
							    : file->record.size;
}

/* The end of a file was cut off, but not what we have read of it: bytes that were seen are gone. */
static void note_cut(struct logfile *file, const struct candidate *candidate)
{
	struct record *record = &file->record;
	uint64_t size;

	if (unpack_name(candidate->path) || (uint64_t)candidate->st.st_size >= record->size)
		return;
	size = size_now(file, candidate);
	if (size >= record->size)
		return;
	if (record->size > record->place.offset)
		record->accounts.lost += record->size - larger(size, record->place.offset);
	record->accounts.gaps++;
	record->size = size;
}

/* A file that we hold open cannot be taken from us: a rotated one may soon be removed, another be
 * deleted before we come to read it. 0, or -ESTALE: it is elsewhere by now. What else keeps it from
 * being opened, reading tells. */
static int secure(struct logfile *file, const struct look *look)
{
	int error;

	if (file->content || (file->named && *look->spare == 0))
		return 0;
	error = logfile_open(file);
	if (!error && *look->spare > 0)
		--*look->spare;
	return error == -ESTALE ? error : 0;
}

/* From now on the file is read where the candidate is. 0, -ENOMEM, or -ESTALE as above. */
static int move_to(struct logfile *file, const struct candidate *candidate, const struct look *look)
{
	struct place *place = &file->record.place;
	int error;

	if (!logfile_leads_to(file, &candidate->st))
		logfile_close(file);
	if (logfile_set_path(file, candidate->path) < 0)
		return -ENOMEM;
	place->device = candidate->st.st_dev;
	place->inode = candidate->st.st_ino;
	file->named = candidate->live;
	error = secure(file, look);
	if (error)
		return error;
	note_cut(file, candidate);
	logfile_note(file, &candidate->st, look->now);
	file->record.size = logfile_size(file); /* its content has just been verified */
	file->displaced = false;
	file->unread = true;
	return 0;
}

/* Nothing of the file is left to read; between our last reading and the truncation there may have
 * been more. Its place is the end of the copy from now on, which marks where we are. */
static void end_at_copy(struct logfile *file, const struct candidate *copy)
{
	struct record *record = &file->record;
	struct content *content;
	uint64_t size;

	if (record->size > record->place.offset)
		record->accounts.lost += record->size - record->place.offset;
	record->accounts.gaps++;
	record->size = record->place.offset;
	file->displaced = false;
	file->unread = false;
	if (logfile_set_path(file, copy->path) < 0 || candidate_open(copy, &content) < 0)
		return;
	record->place.device = copy->st.st_dev;
	record->place.inode = copy->st.st_ino;
	if (content_length(content, &size) == 0)
		place_set(&record->place, content_read, content, size);
	record->size = record->place.offset;
	content_close(content);
}

/* Has a copy of the deleted file that we hold as much as that? A compressed one is to have more. */
static bool is_longer(const struct candidate *candidate, const struct stat *held)
{
	struct content *content;
	uint64_t size = 0;
	int error;

	if (!unpack_name(candidate->path))
		return candidate->st.st_size >= held->st_size;
	if (candidate_open(candidate, &content) < 0)
		return false;
	error = content_length(content, &size);
	content_close(content);
	return !error && size > (uint64_t)held->st_size;
}

/* A descriptor we hold is surer than a copy of its file. But a file that an editor replaced goes on
 * elsewhere: at the live path, or in what that was renamed, or compressed, to since. */
static bool goes_on_in(const struct logfile *file, const struct candidate *candidate)
{
	struct stat held;

	if (!file->content || candidate->live || candidate_same_inode(file, candidate))
		return true;
	return content_stat(file->content, &held) == 0 && held.st_nlink == 0 &&
	       is_longer(candidate, &held);
}

static int go_on(const struct candidate *candidate, const struct look *look)
{
	if (candidate->shorter)
		end_at_copy(candidate->match, candidate);
	else if (goes_on_in(candidate->match, candidate))
		return move_to(candidate->match, candidate, look);
	return 0;
}

static bool changed_since(const struct stat *st, uint64_t last)
{
	return clock_ns(&st->st_mtim) + FILE_TICK_NS >= last;
}

/* Without a sure mark, what has changed since the last look may be new. */
static uint64_t unsure_since(const struct stream *stream, const struct candidates *candidates,
	size_t mark, const struct look *look)
{
	uint64_t last = stream->looked ? stream->looked : look->last;

	return last == 0 || match_is_sure(stream, candidates, mark) ? UINT64_MAX : last;
}

/* Is this one to be read from its first byte? Siblings older than the mark are history, if they
 * have not changed since `unsure`. */
static bool is_new(const struct candidates *candidates, size_t i, size_t mark, uint64_t unsure)
{
	const struct candidate *candidate = &candidates->list[i];

	if (candidate->match)
		return false;
	return candidate->live || i > mark || changed_since(&candidate->st, unsure);
}

static void report_loss(const char *path, const struct accounts *accounts)
{
	if (accounts->lost)
		log_warning("%s: %" PRIu64 " bytes lost: gone before they could be read", path,
			accounts->lost);
	if (accounts->gaps)
		log_warning("%s: more may have come and gone unseen (%" PRIu64 " times)", path,
			accounts->gaps);
}

void stream_end(struct stream *stream, struct logfile *file)
{
	report_loss(file->record.path, &file->record.accounts);
	file->record.ended = true;
	stream->changed = true;
}

/* Closes the account of a file, and forgets it. */
static void close_account(struct stream *stream, struct logfile *file)
{
	struct record *record = &file->record;

	if (record->size > record->place.offset)
		record->accounts.lost += record->size - record->place.offset;
	if (!record->ended)
		report_loss(record->path, &record->accounts);
	accounts_add(&stream->total, &record->accounts);
	logfile_free(file);
	stream->changed = true;
}

void stream_drop(struct stream *stream, struct logfile *file)
{
	stream_take_out(stream, file);
	close_account(stream, file);
}

/* Behind the last newline there is the beginning of a line that is yet to come. */
static uint64_t last_line_start(struct content *content, uint64_t size)
{
	char block[4096];

	while (size > 0) {
		uint64_t from = size > sizeof(block) ? size - sizeof(block) : 0;
		ssize_t n = content_read(content, block, (size_t)(size - from), from);
		const char *newline = n > 0 ? memrchr(block, '\n', (size_t)n) : NULL;

		if (newline)
			return from + (uint64_t)(newline - block) + 1;
		size = from;
	}
	return 0;
}

static void skip_to_end(struct logfile *file, uint64_t size)
{
	struct record *record = &file->record;
	uint64_t offset;

	if (logfile_open(file) < 0)
		return;
	offset = last_line_start(file->content, size);
	if (place_set(&record->place, content_read, file->content, offset) == 0)
		record->accounts.skipped = offset;
}

/* 0, -ENOMEM, or -ESTALE: it is elsewhere by now, and not added. */
static int add_new(struct stream *stream, const struct candidate *candidate, bool begun_anew,
	const struct look *look)
{
	struct logfile *file = logfile_new(candidate->path, &candidate->st);
	int error;

	if (!file)
		return -ENOMEM;
	logfile_note(file, &candidate->st, look->now);
	file->named = candidate->live;
	file->record.nul_run = candidate->live && begun_anew;
	error = secure(file, look);
	if (error) {
		logfile_free(file);
		return error;
	}
	if (candidate->live && look->last == 0 && look->rules->start_at_end)
		skip_to_end(file, (uint64_t)candidate->st.st_size);
	stream_append(stream, file);
	return 0;
}

/* A sibling by its name may be another stream's: that of a log with a longer name, or renamed. Once
 * it is ours it is to be matched: -ESTALE. 1: added, 0: left to the other stream. */
static int add(struct stream *stream, const struct candidate *candidate, bool begun_anew,
	const struct look *look)
{
	int error;

	switch (candidate->live ? CLAIM_NEW
				: look->claim(look, stream, candidate->path, &candidate->st)) {
	case CLAIM_NEW:
		error = add_new(stream, candidate, begun_anew, look);
		return error ? error : 1;
	case CLAIM_MOVED:
		return -ESTALE;
	default:
		return 0;
	}
}

static bool has_live(const struct candidates *candidates)
{
	return candidates->count > 0 && candidates->list[candidates->count - 1].live;
}

/* Is the file deleted, and not only its disk unmounted? */
static bool is_gone(const struct logfile *file)
{
	const char *path = file->record.path;
	char *directory = strndup(path, (size_t)(strrchr(path, '/') - path) + 1);
	struct stat st;
	bool there = directory && stat(directory, &st) == 0;

	free(directory);
	return there && st.st_dev == file->record.place.device;
}

/* What becomes of a known file that no candidate is? One that we hold open, or whose disk is away,
 * stays; one that has ended, too, if it was not looked for. */
static bool to_keep(const struct logfile *file, bool live_found)
{
	return file->content || file->record.ended || (!live_found && !is_gone(file));
}

/* A file that was renamed while it was looked for may have been taken for a new one: nothing was
 * read of that, and its inode turns out to be another's. */
static bool is_double(const struct logfile *file, const struct candidates *candidates)
{
	for (size_t i = 0; i < candidates->count; i++)
		if (candidates->list[i].match && logfile_leads_to(file, &candidates->list[i].st))
			return !place_seen(&file->record.place);
	return false;
}

/* Takes the files up to `stop` from the old list: what was found is put in by its candidate,
 * what is still open stays, and the account of the others is closed. */
static void take_until(struct stream *stream, struct logfile **old, const struct logfile *stop,
	const struct candidates *candidates)
{
	while (*old && *old != stop) {
		struct logfile *file = *old;

		*old = file->younger;
		if (match_found(file, candidates))
			continue;
		if (!file->content && is_double(file, candidates)) {
			logfile_free(file);
			continue;
		}
		if (to_keep(file, has_live(candidates))) {
			stream_append(stream, file);
			continue;
		}
		file->record.accounts.gaps += !logfile_over(file);
		close_account(stream, file);
	}
}

static const struct logfile *next_match(const struct candidates *candidates, size_t i)
{
	for (; i < candidates->count; i++)
		if (candidates->list[i].match)
			return candidates->list[i].match;
	return NULL;
}

/* Can lines of it have been handed over since the checkpoint? Not if it was over, nor before a
 * checkpoint knew it by content. */
static bool can_be_in_doubt(const struct logfile *file)
{
	return place_seen(&file->record.place) && !logfile_over(file);
}

/* Is there a file of which nothing was found, neither on the disk nor in a descriptor? */
static bool any_missing(
	const struct stream *stream, const struct candidates *candidates, bool in_doubt)
{
	for (const struct logfile *file = stream->oldest; file; file = file->younger)
		if (!file->content && !file->record.ended && !match_found(file, candidates) &&
			(!in_doubt || can_be_in_doubt(file)))
			return true;
	return false;
}

/* Puts the list together anew: known and new files in the order of their candidates. */
static void rebuild(
	struct stream *stream, struct candidates *candidates, bool anew, const struct look *look)
{
	struct logfile *old = stream->oldest, *oldest = old;
	size_t mark = match_mark(candidates);
	uint64_t gaps = stream->total.gaps, unsure = unsure_since(stream, candidates, mark, look);
	bool siblings = false;

	stream->missing |= any_missing(stream, candidates, true);
	stream->oldest = NULL;
	for (size_t i = 0; i < candidates->count; i++) {
		struct candidate *candidate = &candidates->list[i];

		if (!candidate->match && !is_new(candidates, i, mark, unsure))
			continue;
		take_until(stream, &old, next_match(candidates, i), candidates);
		if (candidate->match) {
			if (old == candidate->match)
				old = old->younger;
			stream_append(stream, candidate->match);
		} else {
			int added = add(stream, candidate, anew, look);

			siblings |= added > 0 && !candidate->live;
			if (added < 0)
				candidates->error = added;
		}
	}
	take_until(stream, &old, NULL, candidates);
	if (mark == candidates->count && siblings && stream->assembled &&
		gaps == stream->total.gaps) {
		stream->total.gaps++;
		log_warning("%s: lost track of it, lines may be missing", stream->path);
	}
	for (struct logfile *file = stream->oldest; file; file = file->younger)
		file->unseen = false;
	stream->changed |= oldest || stream->oldest;
}

/* The usual case at a start: one file, still there. No need to look at its siblings. */
static bool still_there(struct stream *stream, const struct stat *live, const struct look *look)
{
	struct logfile *file = stream_current(stream);
	struct candidate candidate = { .path = stream->path, .live = true };

	if (!live || !file || file->younger)
		return false;
	candidate.st = *live;
	if (!place_seen(&file->record.place) || !logfile_leads_to(file, live) ||
		candidate_fits(file, &candidate, look) != 1)
		return false;
	return move_to(file, &candidate, look) == 0;
}

static void forget_names(struct stream *stream)
{
	for (struct logfile *file = stream->oldest; file; file = file->younger)
		file->named = false;
}

static const struct logfile *live_match(const struct candidates *candidates)
{
	return has_live(candidates) ? candidates->list[candidates->count - 1].match : NULL;
}

static bool any_leads_to(const struct candidates *candidates, const struct stat *st)
{
	for (size_t i = 0; i < candidates->count; i++)
		if (file_is_same(&candidates->list[i].st, st))
			return true;
	return false;
}

/* What a displaced file's descriptor holds now is another file: one that only the descriptor leads
 * to any more is read as such. */
static void part_from_content(
	struct logfile *file, const struct candidates *candidates, const struct look *look)
{
	struct logfile *now_there;
	struct stat st;

	file->partial = 0;
	if (content_packed(file->content) || content_stat(file->content, &st) < 0 ||
		st.st_size == 0 || any_leads_to(candidates, &st) ||
		!(now_there = logfile_new(file->record.path, &st))) {
		logfile_close(file);
		return;
	}
	now_there->content = file->content;
	file->content = NULL;
	now_there->record.nul_run = true;
	now_there->younger = file->younger;
	file->younger = now_there;
	logfile_note(now_there, &st, look->now);
	logfile_see(now_there); /* it may have a compressed copy */
}

/* A copy may be written over in place, while we hold it open. */
static bool is_overwritten(const struct logfile *file)
{
	return !content_packed(file->content) &&
	       place_fits_content(&file->record.place, content_read, file->content) == 0;
}

/* To be asked before the copies are listed: then they are complete. */
static void note_overwritten(struct stream *stream)
{
	for (struct logfile *file = stream->oldest; file; file = file->younger)
		file->displaced |= file->content && is_overwritten(file);
}

static void part_displaced(
	struct stream *stream, const struct candidates *candidates, const struct look *look)
{
	for (struct logfile *file = stream->oldest; file; file = file->younger)
		if (file->content && file->displaced)
			part_from_content(file, candidates, look);
}

/* What was empty and is no longer is known by its content from now on, before anything else is
 * looked at: a compressed copy may be all that its inode has left behind. But what else it held
 * before that is not known. */
static void see_open(struct stream *stream)
{
	for (struct logfile *file = stream->oldest; file; file = file->younger) {
		file->unseen |= !place_seen(&file->record.place);
		if (file->unseen && file->content && !file->displaced)
			logfile_see(file);
	}
}

/* What has ended, and is no longer there when it is needed, marks nothing. */
static void drop_vanished(struct stream *stream, const struct candidates *candidates)
{
	struct logfile *next;

	for (struct logfile *file = stream->oldest; file; file = next) {
		next = file->younger;
		if (file->record.ended && !match_found(file, candidates) &&
			!match_needless(stream, file, candidates))
			stream_drop(stream, file);
	}
}

/* Has the path come to lead to another file while we looked at its siblings? */
static bool is_outdated(const struct stream *stream, const struct stat *live)
{
	struct stat now;

	if (stream_stat(stream, &now) < 0)
		return live != NULL;
	return !live || !file_is_same(&now, live);
}

static int find_all(struct stream *stream, const struct stat *live, const struct look *look,
	struct candidates *candidates)
{
	const struct logfile *before = live ? stream_find(stream, live) : NULL;
	int error;

	see_open(stream);
	note_overwritten(stream);
	error = candidates_list(stream, live, look, candidates);
	if (!error && is_outdated(stream, live))
		error = -ESTALE;
	if (error)
		return error;
	part_displaced(stream, candidates, look);
	match_all(stream, candidates, look);
	error = candidates->error;
	stream->postponed = !error && !look->final && any_missing(stream, candidates, false);
	if (error || stream->postponed)
		return error;
	drop_vanished(stream, candidates);
	for (size_t i = 0; !error && i < candidates->count; i++)
		if (candidates->list[i].match)
			error = go_on(&candidates->list[i], look);
	if (error)
		return error;
	/* The same inode with other content: it was truncated, or reused. */
	rebuild(stream, candidates, before && before != live_match(candidates), look);
	return candidates->error;
}

static void report_lookup(struct stream *stream, int error, bool unlisted)
{
	int trouble = unlisted ? -EACCES : error;

	if (trouble == -EAGAIN && trouble != stream->lookup_trouble)
		log_info("%s: waiting for a compressed file to be whole", stream->path);
	else if (trouble && trouble != stream->lookup_trouble)
		log_warning(unlisted ? "%s: its directory may not be listed (%s): its rotated files"
				       " cannot be found"
				     : "%s: cannot tell where it went on: %s",
			stream->path, reason(trouble));
	stream->lookup_trouble = trouble;
}

/* 0 or a negative errno; -ESTALE: files were renamed while they were looked at. */
static int assemble(struct stream *stream, const struct stat *live, const struct look *look)
{
	struct candidates candidates = { 0 };
	int error = 0;

	forget_names(stream);
	stream->postponed = false;
	if (!still_there(stream, live, look))
		error = find_all(stream, live, look, &candidates);
	candidates_free(&candidates);
	if (error != -ESTALE)
		report_lookup(stream, error, candidates.unlisted);
	if (!stream->postponed)
		stream->assembled = !error;
	return error;
}

int stream_stat(const struct stream *stream, struct stat *st)
{
	if (stat(stream->path, st) < 0)
		return -errno;
	return S_ISREG(st->st_mode) ? 0 : -EINVAL;
}

void stream_assemble(struct stream *stream, const struct stat *live, const struct look *look)
{
	int error = assemble(stream, live, look);
	struct stat st;

	for (int tries = 1; error == -ESTALE && tries < TRIES; tries++)
		error = assemble(stream, stream_stat(stream, &st) == 0 ? &st : NULL, look);
}

bool stream_find_copy(struct stream *stream, struct logfile *file, const struct look *look)
{
	struct candidates candidates = { 0 };
	struct candidate *copy = NULL;
	int error = candidates_list(stream, NULL, look, &candidates);

	if (!error && place_seen(&file->record.place))
		copy = candidates_find_closed(file, &candidates, look, &error);
	if (copy)
		error = move_to(file, copy, look);
	candidates_free(&candidates);
	return copy || error;
}

void stream_displace(struct stream *stream, struct logfile *file, const struct look *look)
{
	struct stat st;

	file->displaced = true;
	stream_assemble(stream, stream_stat(stream, &st) == 0 ? &st : NULL, look);
}
