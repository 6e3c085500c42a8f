/* exec: lines to a command, in one of two ways, see exec.h. */
#include "handlers/exec.h"
#include "handlers/builtin.h"
#include "handlers/output.h"
#include "handlers/say.h"
#include "handlers/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct exec {
	const struct lk_handler *way;
	void *state;
};

static int check_command(const struct lk_settings *settings, char *reason, size_t size)
{
	const char *command = lk_option(settings, "command", NULL);
	struct stat st;

	if (!command)
		return refuse(reason, size, -EINVAL, "no \"command\" is set");
	if (command[0] != '/')
		return refuse(
			reason, size, -EINVAL, "command \"%s\": not an absolute path", command);
	if (stat(command, &st) < 0 || access(command, X_OK) < 0)
		return refuse(reason, size, -errno, "%s: %s", command, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse(reason, size, -EACCES, "%s: not a regular file", command);
	return 0;
}

/* NULL with the reason: neither of the two. */
static const struct lk_handler *configured_way(
	const struct lk_settings *settings, char *reason, size_t size)
{
	const char *mode = lk_option(settings, "mode", NULL);

	if (!mode || strcmp(mode, "stream") == 0)
		return &exec_stream;
	if (strcmp(mode, "processor") == 0)
		return &exec_processor;
	refuse(reason, size, -EINVAL, "mode \"%s\": stream or processor", mode);
	return NULL;
}

static int exec_check(const struct lk_settings *settings, char *reason, size_t size)
{
	static const char *const names[] = { "command", "mode", "output", NULL };
	const char *output = lk_option(settings, "output", NULL);
	const struct lk_handler *way;
	int error = only_options(settings, names, reason, size);

	if (!error)
		error = check_command(settings, reason, size);
	if (error)
		return error;
	way = configured_way(settings, reason, size);
	if (!way)
		return -EINVAL;
	if (way == &exec_processor && !output)
		return refuse(reason, size, -EINVAL, "mode \"processor\" needs \"output\"");
	if (way == &exec_stream && output)
		return refuse(reason, size, -EINVAL, "\"output\" is for mode \"processor\"");
	return output ? output_check(output, reason, size) : 0;
}

static int exec_open(const struct lk_settings *settings, const struct lk_resume *resume,
	void **state, char *reason, size_t size)
{
	struct exec *exec;
	int error = exec_check(settings, reason, size);

	if (error)
		return error;
	exec = calloc(1, sizeof(*exec));
	if (!exec)
		return refuse(reason, size, -ENOMEM, "%s", strerror(ENOMEM));
	exec->way = configured_way(settings, reason, size);
	error = exec->way->open(settings, resume, &exec->state, reason, size);
	if (error) {
		free(exec);
		return error;
	}
	*state = exec;
	return 0;
}

static enum lk_verdict exec_process(
	void *state, const struct lk_batch *batch, struct lk_result *result)
{
	struct exec *exec = state;

	return exec->way->process(exec->state, batch, result);
}

static enum lk_verdict exec_commit(void *state, struct lk_token *token, struct lk_result *result)
{
	struct exec *exec = state;

	return exec->way->commit(exec->state, token, result);
}

static enum lk_verdict exec_reopen(void *state, struct lk_result *result)
{
	struct exec *exec = state;

	return exec->way->reopen ? exec->way->reopen(exec->state, result) : LK_OK;
}

static int exec_poll(void *state, short *events)
{
	struct exec *exec = state;

	return exec->way->poll(exec->state, events);
}

static void exec_close(void *state)
{
	struct exec *exec = state;

	exec->way->close(exec->state);
	free(exec);
}

const struct lk_handler exec_handler = {
	.abi = LINEKEEPER_HANDLER_ABI,
	.name = "exec",
	.check = exec_check,
	.open = exec_open,
	.process = exec_process,
	.commit = exec_commit,
	.reopen = exec_reopen,
	.poll = exec_poll,
	.close = exec_close,
};
