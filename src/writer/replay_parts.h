/*
 * The inside of a replay section, of which replay.c is the life: replay_start.c finds where to
 * begin, replay_source.c takes lines out of the source, replay_turn.c writes what is due.
 */
#ifndef WRITER_REPLAY_PARTS_H
#define WRITER_REPLAY_PARTS_H

#include "writer/append.h"
#include "writer/keys.h"
#include "writer/pace.h"
#include "writer/progress.h"
#include "writer/replay.h"
#include "writer/replay_state.h"
#include "writer/section_state.h"
#include "writer/source.h"
#include "writer/window.h"

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#define REPLAY_RETRY_NS NS_PER_S

struct replay {
	const struct replay_setup *setup;
	const struct replay_conf *conf;
	struct worker *worker;
	struct section_state state;
	struct replay_state kept;
	struct source source;
	struct append append;
	struct expression *record_start, *stamp_pattern;
	struct window window;
	struct pace pace;
	struct progress progress;
	uint64_t first_line; /* of this run */
	struct keys keys;
	bool paused;
	uint64_t late_ns;     /* the last batch */
	uint64_t bytes;       /* written in this run */
	uint64_t round_start; /* offset of the line that start_at says */
	uint64_t stop_ns;     /* by stop_after; UINT64_MAX: never */
	uint64_t rest_seen;   /* bytes of an unterminated last line at the last look */
	sd_event *loop;
	sd_event_source *timer, *writable, *readable, *hangup;
	int status;
};

const struct batch_header *replay_batch(const struct replay *replay);
struct progress_figures replay_figures(const struct replay *replay);

/* Ends the section with this status. */
void replay_end(struct replay *replay, int status);

/* Saves a checkpoint. */
void replay_save(struct replay *replay);

/* A turn: what is due is written, a bounded amount, and the timer set for the next. The handler of
 * the timer, of this replay; `timer` may be NULL. */
int replay_turn(sd_event_source *timer, uint64_t usec, void *of);

/* When to try again; TIMER_NEVER: never, or when something else than the time says so. */
uint64_t replay_target_failed(struct replay *replay, int error);

/* These leave in *wake when to look again, unless they return that there is something to go on
 * with. replay_fill(): are there whole lines in the window? Else what the end of the source asks
 * for has been done. */
bool replay_fill(struct replay *replay, bool *filled, uint64_t *wake);

/* Who ends at the end of the source need not wait until another line would be due. */
bool replay_is_finished(struct replay *replay);

/* At most so much goes into the batch, or all that there is with a newline to complete it. */
void replay_take(struct replay *replay, const struct allowance *allowance, bool complete);

/* Logs what is wrong with a setting, with the place where the section was defined. */
void replay_mistake(
	const struct replay *replay, const char *key, const char *value, const char *why);

/* Is there anything to be left out by start_at? */
bool replay_starts_late(const struct replay *replay);

/* To the line that start_at says. 0, or a negative errno after logging it. */
int replay_go_to_start(struct replay *replay);

/* Is there a stamp at the beginning of what is to be replayed? A stream cannot be asked. As above.
 */
int replay_check_stamps(struct replay *replay);

#endif
