/*
 * Counts the lines of each file, exactly, through every crash and rotation.
 *
 * The counts live in memory and in a small table, written anew by each commit: options =
 * {"table=/var/lib/linekeeper/counts"}. The commit's token is the name of the table it wrote,
 * TABLE.0 or TABLE.1 in turn, so that the one which the last saved commit names is never touched
 * before the next one is saved. After a crash the lines since then come again, on top of the
 * counts of then.
 *
 * Build: cc -shared -fPIC -o count.so count.c
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linekeeper/handler.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FILES 1024

struct count {
	char file_id[128]; /* stays the same when the file is renamed */
	uint64_t lines;
};

struct counter {
	const char *table; /* the settings live as long as we do */
	char turn;         /* '0' or '1': which table the last commit wrote */
	size_t used;
	struct count counts[FILES];
};

static void table_path(const struct counter *counter, char turn, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s.%c", counter->table, turn);
}

static int count_check(const struct lk_settings *settings, char *reason, size_t size)
{
	const char *table = lk_option(settings, "table", NULL);

	if (table && table[0] == '/')
		return 0;
	snprintf(reason, size, "option \"table\": an absolute path is needed");
	return -EINVAL;
}

/* Reads the table that the last saved commit wrote. 0 or a negative errno. */
static int load(struct counter *counter)
{
	char path[PATH_MAX];
	FILE *file;

	table_path(counter, counter->turn, path);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (counter->used < FILES &&
		fscanf(file, "%127s %" SCNu64, counter->counts[counter->used].file_id,
			&counter->counts[counter->used].lines) == 2)
		counter->used++;
	fclose(file);
	return 0;
}

static int count_open(const struct lk_settings *settings, const struct lk_resume *resume,
	void **state, char *reason, size_t size)
{
	struct counter *counter = calloc(1, sizeof(*counter));
	int error = counter ? 0 : -ENOMEM;

	if (!error) {
		counter->table = lk_option(settings, "table", NULL);
		counter->turn = '0';
	}
	if (!error && resume->token && resume->token[0]) {
		counter->turn = resume->token[0];
		error = load(counter);
	}
	if (error) {
		snprintf(reason, size, "the table of counts: %s", strerror(-error));
		free(counter);
		return error;
	}
	*state = counter;
	return 0;
}

static struct count *find(struct counter *counter, const char *file_id)
{
	size_t i = 0;

	while (i < counter->used && strcmp(counter->counts[i].file_id, file_id) != 0)
		i++;
	if (i == FILES)
		return NULL;
	if (i == counter->used) {
		snprintf(counter->counts[i].file_id, sizeof(counter->counts[i].file_id), "%s",
			file_id);
		counter->used++;
	}
	return &counter->counts[i];
}

static enum lk_verdict count_process(
	void *state, const struct lk_batch *batch, struct lk_result *result)
{
	struct count *count = find(state, batch->file_id);

	if (!count) {
		snprintf(result->reason, sizeof(result->reason), "more than %d files", FILES);
		return LK_FAILED;
	}
	for (size_t i = 0; i < batch->count; i++)
		count->lines += !(batch->lines[i].flags & LK_LINE_CONTINUES);
	return LK_OK;
}

/* 0 or a negative errno. */
static int save(const struct counter *counter, const char *path)
{
	FILE *file = fopen(path, "we");
	int error = 0;

	if (!file)
		return -errno;
	for (size_t i = 0; i < counter->used; i++)
		fprintf(file, "%s %" PRIu64 "\n", counter->counts[i].file_id,
			counter->counts[i].lines);
	if (fflush(file) != 0 || fsync(fileno(file)) < 0)
		error = -errno;
	fclose(file);
	return error;
}

static enum lk_verdict count_commit(void *state, struct lk_token *token, struct lk_result *result)
{
	struct counter *counter = state;
	char path[PATH_MAX], turn = counter->turn == '0' ? '1' : '0';
	int error;

	table_path(counter, turn, path);
	error = save(counter, path);
	if (error) {
		snprintf(result->reason, sizeof(result->reason), "the table of counts: %s",
			strerror(-error));
		return LK_FAILED;
	}
	counter->turn = turn;
	snprintf(token->text, sizeof(token->text), "%c", turn);
	return LK_OK;
}

static void count_close(void *state)
{
	free(state);
}

const struct lk_handler linekeeper_handler = {
	.abi = LINEKEEPER_HANDLER_ABI,
	.name = "count",
	.check = count_check,
	.open = count_open,
	.process = count_process,
	.commit = count_commit,
	.close = count_close,
};
