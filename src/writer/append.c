#include "writer/append.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "writer/cut.h"
#include "writer/rotate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMPARE_BYTES 4096
#define ROTATION_RETRY_NS (60 * NS_PER_S)

static int write_rest(const struct target *target, int fd, struct batch *batch)
{
	struct batch_header *header = batch->header;

	while (header->written < header->length) {
		ssize_t n = target_put(target, fd, batch->data + header->start + header->written,
			header->length - header->written);

		if (n < 0)
			return (int)n;
		header->written += (uint64_t)n;
	}
	return 0;
}

/* How many of these bytes the file has at `offset`. */
static size_t same_bytes(int fd, uint64_t offset, const char *data, size_t len)
{
	char buffer[COMPARE_BYTES];
	size_t same = 0;

	while (same < len) {
		size_t want = len - same < sizeof(buffer) ? len - same : sizeof(buffer);
		ssize_t n = file_read_at(fd, buffer, want, (off_t)(offset + same));
		size_t i = 0;

		while ((ssize_t)i < n && buffer[i] == data[same + i])
			i++;
		same += i;
		if (i < want)
			break;
	}
	return same;
}

/* What of the batch a writer that was killed between writing and noting it has left in the file.
 * Behind a part of it, somebody who does not know the lock may have appended: then a line of which
 * only a part can be proven is written again. */
static void gather_evidence(int fd, struct batch *batch)
{
	struct batch_header *header = batch->header;
	const char *data = batch->data + header->start;
	uint64_t known = header->size + header->written, grown;
	size_t same;
	struct stat st;

	if (fstat(fd, &st) < 0 || (uint64_t)st.st_size <= known)
		return;
	grown = (uint64_t)st.st_size - known;
	same = same_bytes(fd, known, data + header->written, header->length - header->written);
	header->written += same;
	if (same < grown && header->written < header->length)
		header->written = cut_whole(data, header->written);
}

static void remember_file(const struct target *target, struct batch_header *header)
{
	struct stat st;

	header->device = target->device;
	header->inode = target->inode;
	header->size = !target->stream && fstat(target->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* The target was rotated since the batch was begun. What was begun in the old file is finished
 * there; if the old one cannot be found, all is written again, into the new one. */
static int finish_rotated(struct target *target, struct batch *batch)
{
	struct batch_header *header = batch->header;
	int fd = target_open_rotated(target, header->device, header->inode), r = 0;

	if (fd >= 0) {
		gather_evidence(fd, batch);
		if (header->written > 0)
			r = write_rest(target, fd, batch);
		close(fd);
	} else {
		log_warning("%s: was rotated while %" PRIu64
			    " bytes were being written and the old "
			    "file is gone: they are written again",
			target->path, header->length);
		header->written = 0;
	}
	if (r < 0 || header->written == header->length)
		return r;
	remember_file(target, header);
	return write_rest(target, target->fd, batch);
}

static int finish(struct append *append, struct batch *batch)
{
	struct target *target = &append->target;
	const struct batch_header *header = batch->header;

	if (target->new_connection) { /* a line of which another one has got a part comes again */
		batch->header->written =
			cut_whole(batch->data + header->start, batch->header->written);
		target->new_connection = false;
	}
	if (target->stream)
		return write_rest(target, target->fd, batch);
	if (header->device != target->device || header->inode != target->inode)
		return finish_rotated(target, batch);
	gather_evidence(target->fd, batch);
	return write_rest(target, target->fd, batch);
}

static void mark_done(struct append *append, struct batch *batch)
{
	batch->header->done = batch->header->next;
	batch->header->length = 0;
	append->lock.note->unfinished = 0;
}

static int finish_for(struct append *append, const char *owner)
{
	struct batch other;
	int r = batch_open_other(&other, append->directory, owner);

	if (r < 0) {
		log_warning("%s: an unfinished batch is left as it is: %s: %s", append->target.path,
			owner, reason(r));
		append->lock.note->unfinished = 0;
		return 0;
	}
	r = finish(append, &other);
	if (r == 0)
		mark_done(append, &other);
	batch_close(&other);
	return r;
}

static int finish_noted(struct append *append)
{
	char owner[sizeof(append->lock.note->owner)];
	int r;

	if (!append->lock.note->unfinished)
		return 0;
	snprintf(owner, sizeof(owner), "%s", append->lock.note->owner);
	if (strcmp(owner, append->owner) != 0)
		return finish_for(append, owner);
	r = finish(append, &append->batch);
	if (r == 0)
		mark_done(append, &append->batch);
	return r;
}

static int note_and_write(struct append *append)
{
	struct target_note *note = append->lock.note;
	int r;

	remember_file(&append->target, append->batch.header);
	append->target.new_connection = false;
	snprintf(note->owner, sizeof(note->owner), "%s", append->owner);
	note->unfinished = 1;
	r = write_rest(&append->target, append->target.fd, &append->batch);
	if (r == 0)
		mark_done(append, &append->batch);
	return r;
}

/* The target is up to date and no batch is half-way. */
static int tidy(struct append *append)
{
	int r = target_look(&append->target);

	if (r == 0)
		r = rotate_recover(&append->target, append->lock.note);
	return r < 0 ? r : finish_noted(append);
}

/* If it fails, the target goes on as it is and it is tried again later; but what has been copied
 * must be emptied before anything is added to it. */
static int rotate_if_due(struct append *append)
{
	uint64_t now = clock_monotonic_ns(), every = append->rotate->interval_ns;
	struct target *target = &append->target;
	int r;

	if (append->rotation_ns == 0)
		append->rotation_ns = now + every;
	if (now < append->rotation_retry_ns ||
		!rotate_is_due(
			append->rotate, target, append->batch.header->length, append->rotation_ns))
		return 0;
	r = rotate(append->rotate, target, append->lock.note);
	if (r < 0) {
		log_error("%s: cannot be rotated: %s", target->path, reason(r));
		append->rotation_retry_ns = now + ROTATION_RETRY_NS;
		return append->lock.note->truncating ? r : 0;
	}
	append->rotated = true;
	if (every > 0 && now >= append->rotation_ns)
		append->rotation_ns += (now - append->rotation_ns) / every * every + every;
	return 0;
}

int append_batch(struct append *append)
{
	int r = target_lock_take(&append->lock);

	if (r < 0)
		return r;
	r = tidy(append);
	if (r == 0 && append->batch.header->length > 0 && append->rotate)
		r = rotate_if_due(append);
	if (r == 0 && append->batch.header->length > 0)
		r = note_and_write(append);
	target_lock_release(&append->lock);
	if (r == -EPIPE || (r < 0 && r != -EAGAIN && append->target.connects))
		target_drop_reader(&append->target);
	return r;
}

static bool own_batch_is_noted(const struct append *append)
{
	return append->lock.note->unfinished &&
	       strcmp(append->lock.note->owner, append->owner) == 0;
}

/* A batch that was set but never noted is taken from the source again. */
static int recover(struct append *append)
{
	int r = target_lock_take(&append->lock);

	if (r < 0)
		return r;
	rotate_tidy(&append->target);
	r = tidy(append);
	if (!own_batch_is_noted(append) && append->batch.header->length > 0) {
		append->batch.header->length = 0;
		append->batch.header->rest_begin = append->batch.header->start;
	}
	target_lock_release(&append->lock);
	return r;
}

static int open_state(struct append *append)
{
	const char *real_path = append->target.real_path;
	int r = target_lock_open(&append->lock, real_path ? append->directory : -1, real_path);

	if (r == 0)
		r = batch_open(&append->batch, append->directory, append->owner);
	if (r < 0)
		log_error("%s in the state directory: %s", append->owner, reason(r));
	return r;
}

int append_open(struct append *append, int state, const char *section)
{
	int r;

	append->directory = state;
	snprintf(append->owner, sizeof(append->owner), "%s.batch", section);
	r = open_state(append);
	if (r < 0)
		return r;
	r = recover(append);
	if (r < 0)
		target_report(&append->target, r);
	return 0;
}

void append_close(struct append *append)
{
	batch_close(&append->batch);
	target_lock_close(&append->lock);
	target_close(&append->target);
}
