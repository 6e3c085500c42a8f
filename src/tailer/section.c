#include "tailer/section.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/status.h"
#include "handlers/registry.h"
#include "tailer/dead_letter.h"
#include "tailer/figures.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define RETRY_HANDLER_NS (50 * NS_PER_MS)
#define RETRY_BAD_LINE_NS NS_PER_S
#define RETRY_READY_NS NS_PER_S

struct section_state {
	const struct tail_conf *conf;
	struct stats_page *stats;
	struct tracker tracker;
	struct reader reader;

	const struct lk_handler *handler;
	struct lk_settings settings;
	void *state;
	struct lk_token token; /* of the last commit */
	bool committing;       /* commit() said later: nothing is handed over until it is done */
	bool reopening;        /* so did reopen() */
	const struct stream *held; /* by process(), which said later; only to be compared with */
	unsigned bad_tries;        /* of the line at hand */
	bool bad_reported;

	struct store store;
	uint64_t changed; /* CLOCK_MONOTONIC: when the first unsaved thing happened; 0: none */

	struct dead_letter dead_letter;
};

struct tracker *section_tracker(struct section_state *section)
{
	return &section->tracker;
}

/* Of those the process may have, some are for outputs, watches and libraries. */
static size_t descriptors_for_files(size_t max_open)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return max_open;
	limit.rlim_cur -= limit.rlim_cur / 4;
	return max_open < limit.rlim_cur ? max_open : (size_t)limit.rlim_cur;
}

static int init_tracker(struct section_state *section)
{
	const struct tail_conf *conf = section->conf;
	struct stream_rules rules = {
		.rotated = conf->rotated,
		.grace_ns = conf->grace_ns,
		.partial_timeout_ns = conf->partial_timeout_ns,
		.start_at_end = conf->start == START_END,
	};

	return tracker_init(
		&section->tracker, conf->paths, &rules, descriptors_for_files(conf->max_open));
}

/* 0 or a negative errno. */
static int load_checkpoint(struct section_state *section, bool *has_token)
{
	int error = init_tracker(section);

	if (!error)
		error = store_load(&section->store, &section->tracker, &section->token, has_token);
	if (error == -EBADMSG) {
		tracker_free(&section->tracker);
		return init_tracker(section);
	}
	if (error)
		return error;
	tracker_recorded(&section->tracker);
	tracker_forget_unconfigured(&section->tracker);
	return 0;
}

static void log_for_handler(enum lk_log_level level, const char *message)
{
	switch (level) {
	case LK_LOG_ERROR:
		log_error("%s", message);
		break;
	case LK_LOG_WARNING:
		log_warning("%s", message);
		break;
	case LK_LOG_INFO:
		log_info("%s", message);
		break;
	default:
		log_debug("%s", message);
	}
}

/* Figures of handlers stand behind our own. */
static void show_figure(const struct lk_settings *settings, const char *name, uint64_t value)
{
	const struct section_state *section =
		(const void *)((const char *)settings - offsetof(struct section_state, settings));

	figures_show(section->stats, name, value);
}

static int open_handler(struct section_state *section, bool has_token)
{
	const struct handler_conf *conf = section->conf->handler;
	const struct lk_handler *handler;
	struct lk_resume resume = {
		.token = has_token ? section->token.text : NULL,
		.replays = tracker_all_found(&section->tracker) && !section->store.behind,
		.most = tracker_unread(&section->tracker),
	};
	char why[512] = "";
	int error;

	section->settings = (struct lk_settings){
		.section = section->conf->name,
		.handler = conf->name,
		.options = (const char *const *)conf->options,
		.log = log_for_handler,
		.figure = show_figure,
	};
	error = handler_find(conf->type, conf->module, &handler, why, sizeof(why));
	if (!error)
		error = handler->open(
			&section->settings, &resume, &section->state, why, sizeof(why));
	if (!error) {
		section->handler = handler;
		return STATUS_OK;
	}
	log_error("handler %s: %s", conf->name, why[0] ? why : reason(error));
	return error == -EACCES || error == -EPERM ? STATUS_PERMISSION : STATUS_FAILURE;
}

static int open_dead_letter(struct section_state *section)
{
	int error = dead_letter_open(&section->dead_letter, section->conf->dead_letter);

	if (!error)
		return STATUS_OK;
	log_error("%s: %s", section->conf->dead_letter,
		error == -EWOULDBLOCK ? "used by another process" : reason(error));
	return error == -EACCES || error == -EPERM ? STATUS_PERMISSION : STATUS_FAILURE;
}

static int open_all(struct section_state *section, const struct store_place *place)
{
	bool has_token = false;
	int error, status = store_open(&section->store, place);

	if (status != STATUS_OK)
		return status;
	error = reader_init(&section->reader, section->conf->max_line, section->conf->long_line);
	if (!error)
		error = load_checkpoint(section, &has_token);
	if (error) {
		log_error("%s: %s", place->name, reason(error));
		return STATUS_FAILURE;
	}
	/* The inputs come first: the handler must know whether they have been found again. */
	tracker_look(&section->tracker, true);
	status = open_dead_letter(section);
	if (status == STATUS_OK)
		status = open_handler(section, has_token);
	/* The output may be a new one: it is made known before its first byte. */
	section->tracker.changed = true;
	section->changed = clock_monotonic_ns();
	return status;
}

struct section_state *section_open(const struct tail_conf *conf, const struct store_place *place,
	struct stats_page *stats, int *status)
{
	struct section_state *section = calloc(1, sizeof(*section));

	if (!section) {
		log_error("%s", reason(-ENOMEM));
		*status = STATUS_FAILURE;
		return NULL;
	}
	section->conf = conf;
	section->stats = stats;
	figures_define(stats);
	section->store.directory = section->store.lock = section->dead_letter.fd = -1;
	*status = open_all(section, place);
	if (*status == STATUS_OK)
		return section;
	section_close(section);
	return NULL;
}

void section_close(struct section_state *section)
{
	if (section->handler)
		section->handler->close(section->state);
	dead_letter_close(&section->dead_letter);
	tracker_free(&section->tracker);
	reader_free(&section->reader);
	store_close(&section->store);
	free(section);
}

static enum progress handler_failed(
	const struct section_state *section, const struct lk_result *result)
{
	log_error("handler %s: %s", section->conf->handler->name,
		result->reason[0] ? result->reason : "failed without a reason");
	return PROGRESS_FAILED;
}

static void note_change(struct section_state *section)
{
	if (!section->changed)
		section->changed = clock_monotonic_ns();
}

static bool is_one_line(const struct lk_token *token)
{
	const char *end = memchr(token->text, '\0', sizeof(token->text));

	for (const char *c = token->text; end && c < end; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return false;
	return end != NULL;
}

static enum progress bad_token(const struct section_state *section)
{
	log_error("handler %s: its token is not one line of printable text",
		section->conf->handler->name);
	return PROGRESS_FAILED;
}

enum progress section_save(struct section_state *section)
{
	struct lk_token token = { "" };
	struct lk_result result = { 0 };
	int error;

	tracker_see(&section->tracker);
	switch (section->handler->commit(section->state, &token, &result)) {
	case LK_OK:
		break;
	case LK_LATER:
		section->committing = true;
		return PROGRESS_LATER;
	default:
		return handler_failed(section, &result);
	}
	if (!is_one_line(&token))
		return bad_token(section);
	section->committing = false;
	section->token = token;
	error = store_save(&section->store, &section->tracker, &token);
	if (error && !tracker_all_recorded(&section->tracker))
		store_note_behind(&section->store);
	section->changed = error ? clock_monotonic_ns() : 0;
	stats_add(section->stats, error ? FIGURE_CHECKPOINT_FAILURES : FIGURE_CHECKPOINTS, 1);
	section_show(section);
	/* A full disk stops no line: what is not saved now will be, when there is room again. */
	tracker_recorded(&section->tracker);
	return PROGRESS_IDLE;
}

bool section_saved(const struct section_state *section)
{
	return section->store.trouble == 0;
}

void section_show(const struct section_state *section)
{
	stats_beat(section->stats);
	stats_note(section->stats, section->bad_tries       ? "holding at a bad line"
				   : section->committing    ? "waiting for the handler to commit"
				   : section->store.trouble ? "the checkpoint cannot be saved"
							    : "");
	figures_show_files(section->stats, &section->tracker);
}

uint64_t section_save_due(const struct section_state *section)
{
	if (!section->changed)
		return 0;
	if (section->tracker.changed && !section->store.trouble)
		return section->changed;
	return section->changed + section->conf->checkpoint_interval_ns;
}

int section_poll(struct section_state *section, short *events, uint64_t *wait_ns)
{
	int fd = -1;

	if (!section->bad_tries && section->handler->poll)
		fd = section->handler->poll(section->state, events);
	if (section->bad_tries)
		*wait_ns = RETRY_BAD_LINE_NS;
	else
		*wait_ns = fd < 0 ? RETRY_HANDLER_NS : RETRY_READY_NS;
	return fd;
}

bool section_attends(const struct section_state *section)
{
	return section->handler->attend && section->handler->poll;
}

enum progress section_attend(struct section_state *section)
{
	struct lk_result result = { 0 };

	switch (section->handler->attend(section->state, &result)) {
	case LK_OK:
		return PROGRESS_IDLE;
	case LK_DONE:
		return PROGRESS_DONE;
	default:
		return handler_failed(section, &result);
	}
}

bool section_reader_gone(struct section_state *section)
{
	struct pollfd out = { .fd = -1 };

	if (section->handler->poll && !section->handler->attend)
		out.fd = section->handler->poll(section->state, &out.events);
	out.events = 0;
	if (out.fd < 0 || poll(&out, 1, 0) <= 0 || !(out.revents & POLLERR))
		return false;
	log_error("handler %s: its reader is gone", section->conf->handler->name);
	return true;
}

static enum progress reopen(struct section_state *section)
{
	struct lk_result result = { 0 };

	switch (section->handler->reopen(section->state, &result)) {
	case LK_OK:
		section->reopening = false;
		return PROGRESS_IDLE;
	case LK_LATER:
		return PROGRESS_LATER;
	default:
		return handler_failed(section, &result);
	}
}

enum progress section_reopen(struct section_state *section)
{
	enum progress progress;

	if (!section->handler->reopen)
		return PROGRESS_IDLE;
	section->reopening = true;
	/* What went to the old output is committed with that, and the new one is known before the
	 * first byte. */
	progress = section_save(section);
	if (progress == PROGRESS_IDLE)
		progress = reopen(section);
	return progress == PROGRESS_IDLE ? section_save(section) : progress;
}

/* The line can never be handled: it goes to the dead letters, after as many tries as configured. */
static enum progress refuse_line(
	struct section_state *section, const struct reading *reading, size_t index, const char *why)
{
	const struct lk_line *line = &section->reader.splitter.lines[index];
	const struct record *record = &reading->file->record;
	int error;

	if (section->bad_tries++ < section->conf->retries)
		return PROGRESS_LATER;
	if (section->dead_letter.fd < 0) {
		if (!section->bad_reported)
			log_error("%s: bad line at %" PRIu64 ": %s; holding here, for there is no"
				  " dead_letter file",
				record->path, line->offset, why);
		section->bad_reported = true;
		return PROGRESS_LATER;
	}
	error = dead_letter_add(&section->dead_letter, record, line, why);
	if (error) {
		if (!section->bad_reported)
			log_error("%s: %s", section->conf->dead_letter, reason(error));
		section->bad_reported = true;
		return PROGRESS_LATER;
	}
	log_warning("%s: bad line at %" PRIu64 ": %s; put into %s", record->path, line->offset, why,
		section->conf->dead_letter);
	reader_refuse(&section->reader, reading, index);
	stats_add(section->stats, FIGURE_BAD_LINES, 1);
	section->bad_tries = 0;
	section->bad_reported = false;
	return PROGRESS_MORE;
}

static enum lk_verdict process(
	struct section_state *section, const struct reading *reading, struct lk_result *result)
{
	struct lk_batch batch = {
		.section = section->conf->name,
		.path = reading->file->record.path,
		.file_id = reading->file->record.id,
		.lines = section->reader.splitter.lines,
		.count = reading->split.count,
	};
	enum lk_verdict verdict = LK_OK;

	if (batch.count > 0)
		verdict = section->handler->process(section->state, &batch, result);
	if (verdict == LK_OK || result->accepted > batch.count)
		result->accepted = batch.count;
	return verdict;
}

static enum progress hand_over(struct section_state *section, const struct reading *reading)
{
	struct lk_result result = { 0 };
	enum lk_verdict verdict = process(section, reading, &result);

	if (verdict == LK_FAILED)
		return handler_failed(section, &result);
	reader_accept(&section->reader, reading, result.accepted);
	stats_add(section->stats, FIGURE_LINES, result.accepted);
	stats_add(section->stats, FIGURE_LONG_LINES, reading->split.long_lines);
	stats_add(section->stats, FIGURE_WAITS, verdict == LK_LATER);
	note_change(section);
	if (result.accepted > 0)
		section->bad_tries = 0;
	if (verdict == LK_BAD && result.accepted < reading->split.count)
		return refuse_line(section, reading, result.accepted,
			result.reason[0] ? result.reason : "the handler gave no reason");
	if (verdict == LK_DONE)
		return PROGRESS_DONE;
	return verdict == LK_OK ? PROGRESS_MORE : PROGRESS_LATER;
}

static enum progress read_stream(struct section_state *section, size_t index, bool flush)
{
	struct reading reading;

	if (tracker_read(&section->tracker, index, &section->reader, flush, &reading) <= 0)
		return PROGRESS_IDLE;
	if (!reading.file->recorded || section->tracker.changed) {
		/* A crash must not find lines in the output whose file no checkpoint knows, nor a
		 * checkpoint with files that were given up before those lines. */
		enum progress saved = section_save(section);

		if (saved != PROGRESS_IDLE)
			return saved;
	}
	return hand_over(section, &reading);
}

/* What was begun and told to come later has to be finished first. */
static enum progress finish_begun(struct section_state *section)
{
	if (section->reopening)
		return section_reopen(section);
	return section->committing ? section_save(section) : PROGRESS_IDLE;
}

/* The handler may have begun on the lines it held up, and has to be offered them again. */
static size_t first_stream(const struct section_state *section)
{
	const struct tracker *tracker = &section->tracker;

	for (size_t i = 0; section->held && i < tracker->count; i++)
		if (tracker->streams[i] == section->held)
			return i;
	return 0;
}

enum progress section_round(struct section_state *section, bool flush)
{
	struct tracker *tracker = &section->tracker;
	enum progress round = finish_begun(section);
	size_t first = first_stream(section);

	if (round != PROGRESS_IDLE)
		return round;
	for (size_t i = 0; i < tracker->count; i++) {
		size_t at = (first + i) % tracker->count;
		enum progress one = read_stream(section, at, flush);

		section->held = one == PROGRESS_LATER ? tracker->streams[at] : NULL;
		if (one != PROGRESS_MORE && one != PROGRESS_IDLE)
			return one;
		if (one == PROGRESS_MORE)
			round = PROGRESS_MORE;
		tracker_spare(tracker, i);
	}
	if (tracker->changed)
		note_change(section);
	return round;
}
