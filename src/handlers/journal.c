/*
 * journal: each line an entry of the systemd journal, with where it came from as fields of its
 * own. Taken by journald's socket is accepted and durable.
 *
 * Option: identifier (SYSLOG_IDENTIFIER, else the section's name).
 *
 * sd_journal_sendv(3) reports success when there is no journal, so its socket is looked for
 * before and after each batch. A busy journald holds the call up.
 */
#define SD_JOURNAL_SUPPRESS_LOCATION

#include "handlers/builtin.h"
#include "handlers/say.h"
#include "handlers/settings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#define SOCKET "/run/systemd/journal/socket"
#define MESSAGE "MESSAGE="
#define MESSAGE_LEN (sizeof(MESSAGE) - 1)

enum field { PRIORITY, IDENTIFIER, SECTION, PATH, FILE_ID, OFFSET, LINE, FIELDS };

/* What journald is sent for a line; all but the last two fields are the batch's. */
struct entry {
	struct iovec field[FIELDS];
	char offset[64];
};

struct journal {
	const struct lk_settings *settings;
	const char *identifier;
	char *message; /* "MESSAGE=" and the line */
	size_t message_room;
	bool away; /* has been reported */
};

static int journal_check(const struct lk_settings *settings, char *reason, size_t size)
{
	static const char *const names[] = { "identifier", NULL };

	return only_options(settings, names, reason, size);
}

static int journal_open(const struct lk_settings *settings, const struct lk_resume *resume,
	void **state, char *reason, size_t size)
{
	struct journal *journal;
	const char *identifier = lk_option(settings, "identifier", NULL);
	int error = journal_check(settings, reason, size);

	(void)resume;
	if (error)
		return error;
	journal = malloc(sizeof(*journal));
	if (!journal)
		return refuse(reason, size, -ENOMEM, "%s", strerror(ENOMEM));
	*journal = (struct journal){ .settings = settings,
		.identifier = identifier ? identifier : settings->section };
	*state = journal;
	return 0;
}

/* Absence and return are reported once. `error` is 0 or a negative errno. */
static void report(struct journal *journal, int error)
{
	if (error && !journal->away)
		tell(journal->settings, LK_LOG_ERROR, "%s: %s: waiting for the journal", SOCKET,
			strerror(-error));
	if (!error && journal->away)
		tell(journal->settings, LK_LOG_INFO, "%s: the journal is back", SOCKET);
	journal->away = error != 0;
}

static int look_for_journal(void)
{
	return access(SOCKET, F_OK) < 0 ? -errno : 0;
}

static void free_fields(struct entry *entry)
{
	for (int i = 0; i < OFFSET; i++)
		free(entry->field[i].iov_base);
}

static bool set_field(struct iovec *field, const char *name, const char *value)
{
	char *text;
	int len = asprintf(&text, "%s=%s", name, value);

	*field = (struct iovec){ 0 };
	if (len < 0)
		return false;
	*field = (struct iovec){ .iov_base = text, .iov_len = (size_t)len };
	return true;
}

/* What all lines of a batch have in common. False: out of memory. */
static bool fill_fields(
	struct entry *entry, const struct journal *journal, const struct lk_batch *batch)
{
	struct iovec *field = entry->field;
	bool filled = set_field(&field[PRIORITY], "PRIORITY", "6");

	filled &= set_field(&field[IDENTIFIER], "SYSLOG_IDENTIFIER", journal->identifier);
	filled &= set_field(&field[SECTION], "LINEKEEPER_SECTION", batch->section);
	filled &= set_field(&field[PATH], "LINEKEEPER_PATH", batch->path);
	filled &= set_field(&field[FILE_ID], "LINEKEEPER_FILE_ID", batch->file_id);
	return filled;
}

static int set_message(struct iovec *field, struct journal *journal, const struct lk_line *line)
{
	size_t len = MESSAGE_LEN + line->len;

	if (len > journal->message_room) {
		char *bigger = realloc(journal->message, len);

		if (!bigger)
			return -ENOMEM;
		journal->message = bigger;
		journal->message_room = len;
	}
	memcpy(journal->message, MESSAGE, MESSAGE_LEN);
	memcpy(journal->message + MESSAGE_LEN, line->data, line->len);
	*field = (struct iovec){ .iov_base = journal->message, .iov_len = len };
	return 0;
}

static int send_line(struct journal *journal, struct entry *entry, const struct lk_line *line)
{
	int error = set_message(&entry->field[LINE], journal, line);
	int len = snprintf(
		entry->offset, sizeof(entry->offset), "LINEKEEPER_OFFSET=%" PRIu64, line->offset);

	if (error)
		return error;
	entry->field[OFFSET] = (struct iovec){ .iov_base = entry->offset, .iov_len = (size_t)len };
	return sd_journal_sendv(entry->field, FIELDS);
}

/* 0, or a negative errno; *sent lines have been taken either way. */
static int send_lines(
	struct journal *journal, struct entry *entry, const struct lk_batch *batch, size_t *sent)
{
	int away, error = 0;

	for (*sent = 0; *sent < batch->count; ++*sent) {
		error = send_line(journal, entry, &batch->lines[*sent]);
		if (error)
			break;
	}
	/* Gone meanwhile: which lines were dropped nobody can tell, so all come again. */
	away = look_for_journal();
	if (away)
		*sent = 0;
	return away ? away : error;
}

static enum lk_verdict verdict(struct journal *journal, int error, struct lk_result *result)
{
	switch (-error) {
	case 0:
	case ENOENT:
	case ECONNREFUSED:
		report(journal, error);
		return error ? LK_LATER : LK_OK;
	case EAGAIN:
	case ENOBUFS:
		return LK_LATER;
	case E2BIG:
	case EMSGSIZE:
		return bad_line(result, "journal: %s", strerror(-error));
	default:
		return fail(result, "journal: %s", strerror(-error));
	}
}

static enum lk_verdict journal_process(
	void *state, const struct lk_batch *batch, struct lk_result *result)
{
	struct journal *journal = state;
	struct entry entry = { 0 };
	int error = look_for_journal();

	if (error)
		return verdict(journal, error, result);
	if (fill_fields(&entry, journal, batch))
		error = send_lines(journal, &entry, batch, &result->accepted);
	else
		error = -ENOMEM;
	free_fields(&entry);
	return verdict(journal, error, result);
}

static enum lk_verdict journal_commit(void *state, struct lk_token *token, struct lk_result *result)
{
	(void)state, (void)token, (void)result;
	return LK_OK;
}

static void journal_close(void *state)
{
	struct journal *journal = state;

	free(journal->message);
	free(journal);
}

const struct lk_handler journal_handler = {
	.abi = LINEKEEPER_HANDLER_ABI,
	.name = "journal",
	.check = journal_check,
	.open = journal_open,
	.process = journal_process,
	.commit = journal_commit,
	.close = journal_close,
};
