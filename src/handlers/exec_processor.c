/*
 * exec, mode "processor": a command for each batch of lines, under the contract that
 * multilog(8), svlogd(8) and s6-log(8) share:
 *
 *   fd 0  the lines        fd 4  the state that the last run left (empty at first)
 *   fd 1  its output       fd 5  the state for the next run
 *
 * Exit 0 commits: what it wrote to fd 1 is appended to the output, and its state is the new
 * one. After anything else neither changes, and the same lines are tried again, less and less
 * often. It runs in the directory of the output.
 *
 * Output, state and checkpoint are one commit because the checkpoint alone decides: its token
 * names the output's length and the current state. A run ends in these steps; a crash at any of
 * them leaves what the token names untouched, and the output's growth is cut off when it is
 * opened again (output.h):
 *
 *   1. fd 5 becomes the current state (processor_states.h)
 *   2. fd 1 is appended to the output
 *   3. commit(): the output is made durable, the token names both
 */
#include "base/clock.h"
#include "base/file.h"
#include "handlers/child.h"
#include "handlers/exec.h"
#include "handlers/line_stream.h"
#include "handlers/output.h"
#include "handlers/processor_states.h"
#include "handlers/say.h"
#include "handlers/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define RUN_BYTES (1 << 20) /* start a run before a commit asks for it */
#define RETRY_FIRST_NS NS_PER_S
#define RETRY_MOST_NS (60 * NS_PER_S)

enum phase { COLLECTING, RUNNING, APPENDING, WAITING };

struct processor {
	const struct lk_settings *settings;
	char **command;
	struct output output;
	struct states states;
	struct line_stream lines; /* into a file in memory: fd 0 of the next run */
	enum phase phase;
	struct child child; /* RUNNING */
	int printed;        /* its fd 1; -1 outside of a run */
	int new_state;      /* its fd 5; -1 outside of a run */
	off_t appended;     /* APPENDING: bytes of `printed` that are in the output */
	uint64_t retry_at_ns, retry_after_ns;
};

static int open_outputs(
	struct processor *processor, const struct lk_resume *resume, char *reason, size_t size)
{
	const char *path = lk_option(processor->settings, "output", NULL);
	char output_token[OUTPUT_TOKEN] = "", states_token[STATES_TOKEN] = "-";
	/* What it prints need not be as long as the lines. */
	struct lk_resume own = { .token = output_token, .most = UINT64_MAX };
	bool found = true;
	int error;

	error = output_open(&processor->output, processor->settings, path, reason, size);
	if (error)
		return error;
	processor->states = states_none(path);
	if (!resume->token)
		return 0;
	if (sscanf(resume->token, "%191s %175s", output_token, states_token) == 2)
		found = states_resume(&processor->states, states_token);
	if (!found)
		tell(processor->settings, LK_LOG_WARNING,
			"%s: the state of the last commit is gone, the newest one is used", path);
	own.replays = resume->replays && found;
	error = output_resume(&processor->output, &own, reason, size);
	if (error)
		output_close(&processor->output);
	return error;
}

static int open_lines(struct line_stream *lines)
{
	int fd = memfd_create("lines", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	/* The child moves the common offset. */
	if (fcntl(fd, F_SETFL, O_APPEND) < 0) {
		close(fd);
		return -errno;
	}
	*lines = (struct line_stream){ .fd = fd, .way = STREAM_PLAIN };
	return 0;
}

static int processor_open(const struct lk_settings *settings, const struct lk_resume *resume,
	void **state, char *reason, size_t size)
{
	struct processor *processor = calloc(1, sizeof(*processor));
	int error = -ENOMEM;

	if (!processor)
		return refuse(reason, size, error, "%s", strerror(ENOMEM));
	*processor = (struct processor){ .settings = settings,
		.printed = -1,
		.new_state = -1,
		.retry_after_ns = RETRY_FIRST_NS,
		.command = option_values(settings, "command") };
	if (processor->command)
		error = open_lines(&processor->lines);
	if (error) {
		refuse(reason, size, error, "%s", strerror(-error));
		goto no_lines;
	}
	error = open_outputs(processor, resume, reason, size);
	if (error)
		goto no_outputs;
	*state = processor;
	return 0;

no_outputs:
	close(processor->lines.fd);
no_lines:
	free(processor->command);
	free(processor);
	return error;
}

static void end_run(struct processor *processor)
{
	if (processor->printed >= 0)
		close(processor->printed);
	if (processor->new_state >= 0)
		close(processor->new_state);
	processor->printed = processor->new_state = -1;
}

static void try_again_later(struct processor *processor, const char *reason)
{
	end_run(processor);
	tell(processor->settings, LK_LOG_ERROR, "%s: %s; the same lines again in %" PRIu64 " s",
		processor->command[0], reason, processor->retry_after_ns / NS_PER_S);
	processor->phase = WAITING;
	processor->retry_at_ns = clock_monotonic_ns() + processor->retry_after_ns;
	processor->retry_after_ns *= 2;
	if (processor->retry_after_ns > RETRY_MOST_NS)
		processor->retry_after_ns = RETRY_MOST_NS;
}

/* A file without a name, on the output's disk. */
static int open_printed(const struct processor *processor)
{
	char path[PATH_MAX + 16];
	int fd;

	snprintf(path, sizeof(path), "%s.new", processor->output.path);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	unlink(path);
	return fd;
}

static int start_child(struct processor *processor, int old_state)
{
	char directory[PATH_MAX];
	struct child_fd fds[] = { { processor->lines.fd, 0 }, { processor->printed, 1 },
		{ old_state, 4 }, { processor->new_state, 5 } };
	struct child_setup setup = { .command = processor->command, .fds = fds, .fd_count = 4 };

	snprintf(directory, sizeof(directory), "%s", processor->output.path);
	setup.directory = dirname(directory);
	if (lseek(processor->lines.fd, 0, SEEK_SET) < 0)
		return -errno;
	return child_start(&processor->child, &setup);
}

static int prepare_run(struct processor *processor)
{
	int error, old_state;

	processor->printed = open_printed(processor);
	if (processor->printed < 0)
		return processor->printed;
	processor->new_state = states_open_new(&processor->states);
	if (processor->new_state < 0)
		return processor->new_state;
	old_state = states_open_current(&processor->states);
	if (old_state < 0)
		return old_state;
	error = start_child(processor, old_state);
	close(old_state);
	return error;
}

static void start_run(struct processor *processor)
{
	int error = prepare_run(processor);

	if (error)
		try_again_later(processor, strerror(-error));
	else
		processor->phase = RUNNING;
}

/* Its run has ended: 0, also if it has to be tried again, or a negative errno. */
static int take_result(struct processor *processor)
{
	char outcome[128];
	bool success;
	int error;

	child_outcome(&processor->child, &success, outcome, sizeof(outcome));
	if (!success) /* what it left behind would read the lines of the next run */
		kill(-processor->child.pid, SIGKILL);
	child_stop(&processor->child, 0);
	if (!success) {
		try_again_later(processor, outcome);
		return 0;
	}
	error = states_keep_new(&processor->states, processor->new_state);
	processor->phase = APPENDING;
	processor->appended = 0;
	return error;
}

/* 0 when all that was printed is in the output, else a negative errno. */
static int append(struct processor *processor)
{
	char bytes[65536];

	for (;;) {
		ssize_t written, n = file_read_at(processor->printed, bytes, sizeof(bytes),
					 processor->appended);

		if (n <= 0)
			return (int)n;
		written = TEMP_FAILURE_RETRY(write(processor->output.fd, bytes, (size_t)n));
		if (written < 0)
			return -errno;
		processor->appended += written;
	}
}

static int finish_run(struct processor *processor)
{
	int error = append(processor);

	if (error)
		return error;
	if (ftruncate(processor->lines.fd, 0) < 0)
		return -errno;
	end_run(processor);
	processor->phase = COLLECTING;
	processor->retry_after_ns = RETRY_FIRST_NS;
	return 0;
}

/* Takes a run as far as it goes without waiting. LK_OK: none is under way. */
static enum lk_verdict proceed(struct processor *processor, struct lk_result *result)
{
	int error = 0;

	if (processor->phase == WAITING && clock_monotonic_ns() >= processor->retry_at_ns)
		start_run(processor);
	if (processor->phase == RUNNING && child_ended(&processor->child, 0))
		error = take_result(processor);
	if (error)
		return fail(result, "%s: its state: %s", processor->output.path, strerror(-error));
	if (processor->phase == APPENDING)
		return output_verdict(&processor->output, finish_run(processor), result);
	return processor->phase == COLLECTING ? LK_OK : LK_LATER;
}

static off_t collected(const struct processor *processor)
{
	return lseek(processor->lines.fd, 0, SEEK_END);
}

static enum lk_verdict processor_process(
	void *state, const struct lk_batch *batch, struct lk_result *result)
{
	struct processor *processor = state;
	enum lk_verdict verdict = proceed(processor, result);
	int error;

	if (verdict != LK_OK)
		return verdict;
	error = line_stream_put(&processor->lines, batch->lines, batch->count, &result->accepted);
	if (error)
		return fail(result, "%s: %s", processor->command[0], strerror(-error));
	if (collected(processor) >= RUN_BYTES)
		start_run(processor);
	return LK_OK;
}

static enum lk_verdict processor_commit(
	void *state, struct lk_token *token, struct lk_result *result)
{
	struct processor *processor = state;
	char output_token[OUTPUT_TOKEN], states_token[STATES_TOKEN];
	enum lk_verdict verdict;
	int error;

	if (processor->phase == COLLECTING && collected(processor) > 0)
		start_run(processor);
	verdict = proceed(processor, result);
	if (verdict != LK_OK)
		return verdict;
	error = output_commit(&processor->output, output_token);
	if (!error)
		error = states_commit(&processor->states, states_token);
	if (error)
		return fail(result, "%s: %s", processor->output.path, strerror(-error));
	snprintf(token->text, sizeof(token->text), "%s %s", output_token, states_token);
	return LK_OK;
}

static enum lk_verdict processor_reopen(void *state, struct lk_result *result)
{
	struct processor *processor = state;
	enum lk_verdict verdict = proceed(processor, result);
	int error;

	if (verdict != LK_OK)
		return verdict;
	error = output_reopen(&processor->output);
	return error ? fail(result, "%s: %s", processor->output.path, strerror(-error)) : LK_OK;
}

static int processor_poll(void *state, short *events)
{
	const struct processor *processor = state;

	*events = POLLIN;
	return processor->phase == RUNNING ? processor->child.pidfd : -1;
}

static void processor_close(void *state)
{
	struct processor *processor = state;

	if (processor->phase == RUNNING)
		child_stop(&processor->child, 0);
	end_run(processor);
	output_close(&processor->output);
	close(processor->lines.fd);
	line_stream_free(&processor->lines);
	free(processor->command);
	free(processor);
}

const struct lk_handler exec_processor = {
	.abi = LINEKEEPER_HANDLER_ABI,
	.name = "exec",
	.open = processor_open,
	.process = processor_process,
	.commit = processor_commit,
	.reopen = processor_reopen,
	.poll = processor_poll,
	.close = processor_close,
};
