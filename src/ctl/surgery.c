#include "ctl/surgery.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/status.h"
#include "ctl/saved.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const char *what, int error)
{
	log_error("%s: %s", what,
		error == -EBADMSG  ? "damaged, or of another version"
		: error == -EINVAL ? "not a regular file"
				   : reason(error));
	return error == -EACCES || error == -EPERM ? STATUS_PERMISSION : STATUS_FAILURE;
}

int surgery_open(struct surgery *surgery)
{
	int error = content_open(surgery->path, &surgery->content);

	if (error)
		surgery->content = NULL;
	if (!error)
		error = content_stat(surgery->content, &surgery->st);
	if (!error)
		error = place_set(&surgery->place, content_read, surgery->content, surgery->offset);
	if (error == -ENODATA) {
		log_error("%s: ends before byte %" PRIu64, surgery->path, surgery->offset);
		return STATUS_FAILURE;
	}
	if (error)
		return fail(surgery->path, error);
	surgery->place.device = surgery->st.st_dev;
	surgery->place.inode = surgery->st.st_ino;
	return STATUS_OK;
}

void surgery_close(struct surgery *surgery)
{
	content_close(surgery->content);
	surgery->content = NULL;
}

static bool at_line_start(const struct surgery *surgery)
{
	char before;

	return surgery->offset == 0 ||
	       (content_read(surgery->content, &before, 1, surgery->offset - 1) == 1 &&
		       before == '\n');
}

static struct stream *find_stream(const struct tracker *tracker, const char *path)
{
	for (size_t i = 0; i < tracker->count; i++)
		if (strcmp(tracker->streams[i]->path, path) == 0)
			return tracker->streams[i];
	return NULL;
}

/* A file is itself under any name; the inode of one that has ended may be another's by now. */
static struct record *find_record(const struct tracker *tracker, const struct place *place)
{
	for (size_t i = 0; i < tracker->count; i++)
		for (struct logfile *file = tracker->streams[i]->oldest; file; file = file->younger)
			if (!file->record.ended && file->record.place.inode == place->inode &&
				file->record.place.device == place->device)
				return &file->record;
	return NULL;
}

static void take_back(uint64_t *account, uint64_t *bytes)
{
	uint64_t part = *account < *bytes ? *account : *bytes;

	*account -= part;
	*bytes -= part;
}

/* Each byte before the offset stays in one account only: what is left out was skipped, what will
 * come again is taken back. */
static void account(struct record *record, uint64_t offset)
{
	uint64_t old = record->place.offset, back = old > offset ? old - offset : 0;

	if (offset > old)
		record->accounts.skipped += offset - old;
	take_back(&record->accounts.handed, &back);
	take_back(&record->accounts.skipped, &back);
	take_back(&record->accounts.lost, &back);
	take_back(&record->accounts.refused, &back);
}

static void put(const struct surgery *surgery, struct record *record)
{
	account(record, surgery->offset);
	record->place = surgery->place;
	if (!content_packed(surgery->content))
		record->size = (uint64_t)surgery->st.st_size;
	else if (record->size < surgery->offset)
		record->size = surgery->offset;
	record->discarding = record->nul_run = false;
}

/* Through the text of a record, as a checkpoint would bring it. */
static int add_file(struct tracker *tracker, const struct surgery *surgery)
{
	struct logfile *file = logfile_new(surgery->path, &surgery->st);
	char *line = NULL;
	size_t len;
	FILE *out = open_memstream(&line, &len);
	int error = -ENOMEM;

	if (file && out) {
		put(surgery, &file->record);
		record_write(out, &file->record, surgery->path);
	}
	if (out && fclose(out) == 0 && file) {
		line[len - 1] = '\0'; /* the newline */
		error = tracker_read_line(tracker, line);
	}
	free(line);
	logfile_free(file);
	return error;
}

static int set(const struct surgery *surgery, struct saved *saved, bool force)
{
	struct record *record = find_record(&saved->tracker, &surgery->place);
	int error;

	if (!record && !find_stream(&saved->tracker, surgery->path) && !force) {
		log_error("%s: not a file of this section so far; with --force it will be, if the "
			  "configuration names it",
			surgery->path);
		return STATUS_FAILURE;
	}
	if (!force && !at_line_start(surgery)) {
		log_error("%s: no line begins at byte %" PRIu64 "; --force sets it all the same",
			surgery->path, surgery->offset);
		return STATUS_FAILURE;
	}
	if (record)
		put(surgery, record);
	error = record ? 0 : add_file(&saved->tracker, surgery);
	return error ? fail(surgery->path, error) : STATUS_OK;
}

static bool forget_file(struct stream *stream, const char *path)
{
	struct logfile **link = &stream->oldest;

	for (; *link; link = &(*link)->younger) {
		struct logfile *file = *link;

		if (strcmp(file->record.path, path) != 0)
			continue;
		*link = file->younger;
		logfile_free(file);
		return true;
	}
	return false;
}

/* A live path with all its files, or one of them by its own path. */
static int forget(const struct surgery *surgery, struct saved *saved)
{
	struct tracker *tracker = &saved->tracker;

	for (size_t i = 0; i < tracker->count; i++) {
		if (strcmp(tracker->streams[i]->path, surgery->path) == 0) {
			stream_free(tracker->streams[i]);
			tracker->count--;
			memmove(&tracker->streams[i], &tracker->streams[i + 1],
				(tracker->count - i) * sizeof(struct stream *));
			return STATUS_OK;
		}
		if (forget_file(tracker->streams[i], surgery->path))
			return STATUS_OK;
	}
	log_error("%s: not a file of this section", surgery->path);
	return STATUS_FAILURE;
}

static int forget_all(int directory, const char *section)
{
	int error = saved_remove(directory, section);

	if (error == -ENOENT) {
		log_error("tail \"%s\": there is no checkpoint", section);
		return STATUS_FAILURE;
	}
	if (error)
		return fail(section, error);
	log_info("tail \"%s\": begins anew at its next start", section);
	return STATUS_OK;
}

static int edit(const struct surgery *surgery, int directory, const char *section,
	struct saved *saved, bool force)
{
	int error, status = surgery->forget ? forget(surgery, saved) : set(surgery, saved, force);

	if (status != STATUS_OK)
		return status;
	error = saved_write(directory, section, saved);
	if (error)
		return fail(section, error);
	if (surgery->forget)
		log_info("tail \"%s\": %s is forgotten", section, surgery->path);
	else
		log_info("tail \"%s\": %s goes on at byte %" PRIu64, section, surgery->path,
			surgery->offset);
	return STATUS_OK;
}

int surgery_run(const struct surgery *surgery, int directory, const char *section, bool force)
{
	struct saved saved = { 0 };
	int status, error;

	if (!surgery->path)
		return forget_all(directory, section);
	error = saved_read(directory, section, &saved);
	if (error == -ENOENT && surgery->forget) {
		log_error("tail \"%s\": there is no checkpoint", section);
		return STATUS_FAILURE;
	}
	if (error && error != -ENOENT)
		return fail(section, error);
	status = edit(surgery, directory, section, &saved, force);
	saved_free(&saved);
	return status;
}
