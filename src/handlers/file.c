/*
 * file: lines appended to a file, exactly once.
 *
 * Accepted is written or, for the rest of one line, kept until there is room; durable is on
 * the disk (fdatasync), with the token naming the place, see output.h. Lines that follow what
 * is not a whole line begin on a new one.
 */
#include "handlers/builtin.h"
#include "handlers/line_stream.h"
#include "handlers/output.h"
#include "handlers/say.h"
#include "handlers/settings.h"

#include <errno.h>
#include <stdlib.h>

struct file {
	struct output output;
	struct line_stream stream;
	bool looked_at_end; /* whether the output ends in the middle of a line */
};

static int file_check(const struct lk_settings *settings, char *reason, size_t size)
{
	static const char *const names[] = { "path", NULL };
	const char *path = lk_option(settings, "path", NULL);
	int error = only_options(settings, names, reason, size);

	if (error)
		return error;
	if (!path)
		return refuse(reason, size, -EINVAL, "no \"path\" is set");
	return output_check(path, reason, size);
}

static int file_open(const struct lk_settings *settings, const struct lk_resume *resume,
	void **state, char *reason, size_t size)
{
	struct file *file;
	int error = file_check(settings, reason, size);

	if (error)
		return error;
	file = calloc(1, sizeof(*file));
	if (!file)
		return refuse(reason, size, -ENOMEM, "%s", strerror(ENOMEM));
	error = output_open(
		&file->output, settings, lk_option(settings, "path", NULL), reason, size);
	if (error)
		goto no_file;
	error = output_resume(&file->output, resume, reason, size);
	if (error)
		goto no_output;
	error = line_stream_init(&file->stream, file->output.fd);
	if (error) {
		refuse(reason, size, error, "%s: %s", file->output.path, strerror(-error));
		goto no_output;
	}
	*state = file;
	return 0;

no_output:
	output_close(&file->output);
no_file:
	free(file);
	return error;
}

/* Only now: nothing is written to a newly opened output before its first commit. */
static int begin_on_new_line(struct file *file)
{
	int torn;

	if (file->looked_at_end)
		return 0;
	torn = output_ends_torn(&file->output);
	if (torn > 0)
		torn = line_stream_begin(&file->stream, "\n", 1);
	if (torn < 0)
		return torn;
	file->looked_at_end = true;
	return 0;
}

static enum lk_verdict file_process(
	void *state, const struct lk_batch *batch, struct lk_result *result)
{
	struct file *file = state;
	enum lk_verdict verdict;
	int error = begin_on_new_line(file);

	if (!error)
		error = line_stream_put(
			&file->stream, batch->lines, batch->count, &result->accepted);
	verdict = output_verdict(&file->output, error, result);
	if (verdict == LK_LATER && result->accepted == batch->count)
		return LK_OK;
	return verdict;
}

static enum lk_verdict file_commit(void *state, struct lk_token *token, struct lk_result *result)
{
	struct file *file = state;
	enum lk_verdict verdict =
		output_verdict(&file->output, line_stream_flush(&file->stream), result);
	int error;

	if (verdict != LK_OK)
		return verdict;
	/* Not asked again after an error: the kernel reports it only once, see fsync(2). */
	error = output_commit(&file->output, token->text);
	return error ? fail(result, "%s: %s", file->output.path, strerror(-error)) : LK_OK;
}

static enum lk_verdict file_reopen(void *state, struct lk_result *result)
{
	struct file *file = state;
	enum lk_verdict verdict =
		output_verdict(&file->output, line_stream_flush(&file->stream), result);
	int error;

	if (verdict != LK_OK)
		return verdict;
	error = output_reopen(&file->output);
	if (error)
		return fail(result, "%s: %s", file->output.path, strerror(-error));
	file->stream.fd = file->output.fd;
	file->looked_at_end = false;
	return LK_OK;
}

static void file_close(void *state)
{
	struct file *file = state;

	line_stream_free(&file->stream);
	output_close(&file->output);
	free(file);
}

const struct lk_handler file_handler = {
	.abi = LINEKEEPER_HANDLER_ABI,
	.name = "file",
	.check = file_check,
	.open = file_open,
	.process = file_process,
	.commit = file_commit,
	.reopen = file_reopen,
	.close = file_close,
};
