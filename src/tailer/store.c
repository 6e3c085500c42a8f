#include "tailer/store.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/state.h"
#include "base/status.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOCK_WAIT_NS (10 * NS_PER_S)
#define UP_TO_DATE '0'
#define BEHIND '1'

static bool patient_until(void *until_ns)
{
	usleep(10000);
	return clock_monotonic_ns() < *(const uint64_t *)until_ns;
}

static int lock_patiently(int directory, const char *name, const struct store_place *place)
{
	uint64_t until_ns = clock_monotonic_ns() + LOCK_WAIT_NS;
	bool (*patient)(void *) = place->patient ? place->patient : patient_until;
	void *context = place->patient ? place->context : &until_ns;
	int lock;

	do
		lock = state_lock(directory, name);
	while (lock == -EWOULDBLOCK && patient(context));
	return lock;
}

static int failure(const char *path, int error)
{
	if (error == -EREMOTE)
		log_error("%s: is on a network file system, where locks are not reliable", path);
	else if (error == -EWOULDBLOCK)
		log_error("%s: another process works on this section", path);
	else
		log_error("%s: %s", path, reason(error));
	return error == -EACCES || error == -EPERM ? STATUS_PERMISSION : STATUS_FAILURE;
}

static int take_lock(struct store *store, const struct store_place *place)
{
	char *path, *name;
	int status = STATUS_OK;

	if (asprintf(&path, "%s/%s.lock", place->state, place->name) < 0)
		return failure(place->name, -ENOMEM);
	name = strrchr(path, '/') + 1;
	store->lock = lock_patiently(store->directory, name, place);
	if (store->lock < 0)
		status = failure(path, store->lock);
	free(path);
	return status;
}

/* A byte that is there already, in the lock file: a full disk has room for it. */
static void note_behind(struct store *store, bool behind)
{
	const char mark = behind ? BEHIND : UP_TO_DATE;

	if (pwrite(store->lock, &mark, 1, 0) == 1)
		store->behind = behind;
}

static void read_behind(struct store *store)
{
	char mark;

	if (pread(store->lock, &mark, 1, 0) == 1)
		store->behind = mark == BEHIND;
	else
		note_behind(store, false);
}

int store_open(struct store *store, const struct store_place *place)
{
	int status;

	*store = (struct store){ .directory = -1, .lock = -1, .stays = place->stays };
	if (!place->state)
		return STATUS_OK;
	store->directory = state_directory(place->state);
	if (store->directory < 0)
		return failure(place->state, store->directory);
	if (asprintf(&store->checkpoint, "%s.checkpoint", place->name) < 0) {
		store->checkpoint = NULL;
		return failure(place->state, -ENOMEM);
	}
	status = take_lock(store, place);
	if (status == STATUS_OK)
		read_behind(store);
	return status;
}

static int parse(char *body, struct tracker *tracker, struct lk_token *token, bool *has_token)
{
	char *line;
	int error = 0;

	while (!error && (line = strsep(&body, "\n"))) {
		if (strncmp(line, "token ", 6) == 0) {
			*has_token = true;
			snprintf(token->text, sizeof(token->text), "%s", line + 6);
		} else if (*line) {
			error = tracker_read_line(tracker, line);
		}
	}
	return error;
}

/* A damaged checkpoint is never obeyed, and never fatal. */
static int set_aside(const struct store *store)
{
	int error = state_set_aside(store->directory, store->checkpoint);

	log_error("%s: damaged or of another version, kept as %s.damaged; starting anew",
		store->checkpoint, store->checkpoint);
	return error ? error : -EBADMSG;
}

int store_load(
	struct store *store, struct tracker *tracker, struct lk_token *token, bool *has_token)
{
	char *body;
	int error;

	*has_token = false;
	if (store->directory < 0)
		return 0;
	error = state_load(store->directory, store->checkpoint, CHECKPOINT_KIND, &body);
	if (error == -ENOENT)
		return 0;
	if (!error) {
		error = parse(body, tracker, token, has_token);
		free(body);
	}
	store->begun = !error;
	if (error != -EBADMSG && error != -EINVAL && error != -EISDIR && error != -EFBIG)
		return error;
	*has_token = false;
	return set_aside(store);
}

static char *format(const struct tracker *tracker, const struct lk_token *token)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, "token %s\n", token->text);
	tracker_write(tracker, out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static void report(struct store *store, int error)
{
	if (error && error != store->trouble)
		log_error(
			"%s: cannot be saved: %s; trying again", store->checkpoint, reason(error));
	else if (!error && store->trouble)
		log_info("%s: is saved again", store->checkpoint);
	store->trouble = error;
}

int store_save(struct store *store, const struct tracker *tracker, const struct lk_token *token)
{
	char *text;
	int error;

	if (store->directory < 0 || (store->stays && store->begun))
		return 0;
	text = format(tracker, token);
	error = text ? state_save(store->directory, store->checkpoint, CHECKPOINT_KIND, text)
		     : -ENOMEM;
	free(text);
	store->begun |= !error;
	report(store, error);
	if (!error && store->behind)
		note_behind(store, false);
	return error;
}

void store_note_behind(struct store *store)
{
	if (store->lock >= 0 && !store->behind)
		note_behind(store, true);
}

void store_close(struct store *store)
{
	if (store->lock >= 0)
		close(store->lock);
	if (store->directory >= 0)
		close(store->directory);
	free(store->checkpoint);
	*store = (struct store){ .directory = -1, .lock = -1 };
}
