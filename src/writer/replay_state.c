#include "writer/replay_state.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/state.h"
#include "writer/checkpoint.h"
#include "writer/resume.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

void replay_state_init(struct replay_state *state, int directory, const char *section, bool altered)
{
	*state = (struct replay_state){ .directory = directory, .altered = altered };
	snprintf(state->name, sizeof(state->name), "%s.checkpoint", section);
}

/* Resuming */

static int load(const struct replay_state *state, struct checkpoint *checkpoint)
{
	int r = state->directory < 0 ? -ENOENT
				     : checkpoint_load(state->directory, state->name, checkpoint);

	if (r == 0 || r == -ENOENT)
		return r;
	if (r != -EBADMSG) {
		log_error("%s: %s", state->name, reason(r));
		return r;
	}
	log_error("%s: damaged, kept as %s.damaged; starting at the beginning of the source",
		state->name, state->name);
	(void)state_set_aside(state->directory, state->name);
	return r;
}

/* Is this the log that was being replayed? A place at byte 0 says nothing about the content. */
static int fits(const struct checkpoint *checkpoint, struct source *source)
{
	if (checkpoint->source.offset == 0)
		return place_same_inode(&checkpoint->source, &source->place);
	return place_fits_content(&checkpoint->source, source_peek, source);
}

static int start_anew(struct source *source, struct batch_header *batch)
{
	batch->length = 0;
	batch->done = batch->next = (struct position){ 0 };
	return source_seek(source, 0);
}

static int find_position(const struct checkpoint *checkpoint, struct source *source,
	const struct append *append, struct position *position)
{
	const struct batch_header *batch = append->batch.header;

	const struct resume_files files = {
		.read = source_peek,
		.source = source,
		.target = append->target.stream ? -1 : append->target.fd,
	};

	if (append->batch.survived) {
		*position = batch->length > 0 ? batch->next : batch->done;
		return 0;
	}
	return resume_by_growth(checkpoint, &files, position);
}

/* A stream is where it is; what was read of it and not written is in the batch's buffer. */
static int resume_stream(struct append *append)
{
	struct batch_header *batch = append->batch.header;

	if (!append->batch.survived || batch->rest_end > append->batch.capacity ||
		batch->rest_begin > batch->rest_end)
		batch->rest_begin = batch->rest_end = 0;
	return 0;
}

int replay_state_resume(
	const struct replay_state *state, struct source *source, struct append *append)
{
	struct batch_header *batch = append->batch.header;
	struct checkpoint checkpoint;
	struct position position;
	int r;

	if (source->stream >= 0)
		return resume_stream(append);
	r = load(state, &checkpoint);
	if (r == -ENOENT || r == -EBADMSG)
		return start_anew(source, batch);
	if (r < 0)
		return r; /* what was written cannot be told: writing it again would be wrong */
	checkpoint.has_target = checkpoint.has_target && !state->altered;
	r = fits(&checkpoint, source);
	if (r > 0)
		r = find_position(&checkpoint, source, append, &position) == 0 &&
		    source_seek(source, position.offset) == 0;
	if (r <= 0) {
		log_warning("%s: not the log that was being replayed, starting at its beginning",
			source->path);
		return start_anew(source, batch);
	}
	if (batch->length == 0)
		batch->done = position;
	return 0;
}

/* Saving */

bool replay_state_is_old(const struct replay_state *state)
{
	return state->directory >= 0 && clock_monotonic_ns() - state->saved_ns >= NS_PER_S;
}

static int take_target(struct checkpoint *checkpoint, const struct target *target)
{
	struct stat st;

	if (target->stream || target->fd < 0)
		return 0;
	if (fdatasync(target->fd) < 0 || fstat(target->fd, &st) < 0)
		return -errno;
	checkpoint->has_target = true;
	return place_take(&checkpoint->target, target->fd, (uint64_t)st.st_size);
}

static int take_and_save(const struct replay_state *state, struct source *source,
	const struct target *target, const struct position *done)
{
	struct checkpoint checkpoint = { .position = *done };
	int r = source_place(source, done->offset, &checkpoint.source);

	if (r == -ENODATA) /* it was truncated: the old checkpoint says so as well */
		return 0;
	if (r == 0)
		r = take_target(&checkpoint, target);
	return r < 0 ? r : checkpoint_save(state->directory, state->name, &checkpoint);
}

static bool is_saved(const struct replay_state *state, const struct position *done)
{
	return state->saved_ns > 0 && !state->failing && state->saved.lines == done->lines &&
	       state->saved.offset == done->offset;
}

void replay_state_save(struct replay_state *state, struct source *source,
	const struct target *target, const struct position *done)
{
	int r;

	if (state->directory < 0 || source->stream >= 0 || is_saved(state, done))
		return;
	r = take_and_save(state, source, target, done);
	state->saved_ns = clock_monotonic_ns();
	if (r < 0 && !state->failing)
		log_error("%s: cannot be saved: %s", state->name, reason(r));
	if (r == 0 && state->failing)
		log_info("%s: is saved again", state->name);
	state->failing = r < 0;
	state->saved = *done;
}
