#include "writer/run.h"

#include "base/clock.h"
#include "base/log.h"
#include "writer/cut.h"
#include "writer/figures.h"
#include "writer/timer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KILL_GRACE_NS NS_PER_S
#define RETRY_NS NS_PER_S
#define PIECE ((size_t)64 << 10)
#define RETRY_PIPE_NS (50 * NS_PER_MS)

/* The end */

static void close_stream(int *fd, sd_event_source **source)
{
	*source = sd_event_source_disable_unref(*source);
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void clean_up(struct run *run)
{
	close_stream(&run->output, &run->on_output);
	close_stream(&run->errors, &run->on_errors);
	run->on_end = sd_event_source_disable_unref(run->on_end);
	run->deadline = sd_event_source_disable_unref(run->deadline);
	run->retry = sd_event_source_disable_unref(run->retry);
}

static void check_over(struct run *run)
{
	if (!run->process_ended || run->output >= 0 || run->errors >= 0 || run->target_full)
		return;
	clean_up(run);
	child_stop(&run->child, 0);
	run->over(run->context, run->success);
}

static uint64_t exit_status(pid_t pid)
{
	siginfo_t end = { 0 };

	if (waitid(P_PID, (id_t)pid, &end, WEXITED | WNOHANG | WNOWAIT) < 0)
		return 0;
	return (uint64_t)(end.si_code == CLD_EXITED ? end.si_status : 128 + end.si_status);
}

static int on_end(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct run *run = context;
	char outcome[128];

	(void)fd, (void)events;
	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	child_outcome(&run->child, &run->success, outcome, sizeof(outcome));
	run->status = exit_status(run->child.pid);
	if (!run->success)
		log_warning("%s: %s", run->conf->command[0], outcome);
	run->process_ended = true;
	check_over(run);
	return 0;
}

/* Also processes that were left behind in the background: they share the group, which lives as
 * long as its leader has not been waited for. */
static void signal_group(const struct run *run, int number)
{
	kill(-run->child.pid, number);
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *context)
{
	struct run *run = context;

	(void)source, (void)usec;
	switch (run->ending) {
	case RUN_GOES_ON:
		log_warning("%s: has run into its timeout and is ended", run->conf->command[0]);
		run->timed_out = true;
		run_stop(run, KILL_GRACE_NS);
		break;
	case RUN_TERMINATED:
		signal_group(run, SIGKILL);
		run->ending = RUN_KILLED;
		timer_arm(run->deadline, clock_monotonic_ns() + KILL_GRACE_NS);
		break;
	case RUN_KILLED: /* somebody outside the group has inherited the pipes */
		close_stream(&run->output, &run->on_output);
		close_stream(&run->errors, &run->on_errors);
		check_over(run);
		break;
	}
	return 0;
}

void run_stop(struct run *run, uint64_t grace_ns)
{
	if (run->ending != RUN_GOES_ON)
		return;
	signal_group(run, SIGTERM);
	run->ending = RUN_TERMINATED;
	timer_arm(run->deadline, clock_monotonic_ns() + grace_ns);
}

void run_abandon(struct run *run)
{
	signal_group(run, SIGKILL);
	clean_up(run);
	child_stop(&run->child, 0);
}

/* Its output */

static void set_batch(struct run *run, size_t length)
{
	struct batch *batch = &run->append->batch;
	struct position next = batch->header->done;

	next.lines += cut_count(batch->data, length);
	batch_set(batch, 0, length, &next);
}

/* What there is becomes a line, though it is none. */
static void set_batch_with_newline(struct run *run)
{
	run->append->batch.data[run->length++] = '\n';
	set_batch(run, run->length);
}

static void write_batch(struct run *run)
{
	struct batch *batch = &run->append->batch;
	const struct batch_header *header = batch->header;
	uint64_t length = header->length, lines = header->next.lines - header->done.lines;
	int r = append_batch(run->append);

	target_report(&run->append->target, r == -EAGAIN ? 0 : r);
	run->target_full = r < 0;
	if (run->on_output)
		sd_event_source_set_enabled(
			run->on_output, run->target_full ? SD_EVENT_OFF : SD_EVENT_ON);
	if (r < 0) {
		timer_arm(run->retry,
			clock_monotonic_ns() + (r == -EAGAIN ? RETRY_PIPE_NS : RETRY_NS));
		return;
	}
	stats_add(run->stats, JOB_LINES, lines);
	stats_add(run->stats, JOB_WRITTEN, length);
	run->length -= length;
	memmove(batch->data, batch->data + length, run->length);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *context)
{
	struct run *run = context;

	(void)source, (void)usec;
	write_batch(run);
	check_over(run);
	return 0;
}

static void at_end_of_output(struct run *run)
{
	close_stream(&run->output, &run->on_output);
	if (run->length > 0) {
		set_batch_with_newline(run);
		write_batch(run);
	}
}

/* How much may be read, though each byte of it were a line and got a stamp. One byte of the buffer
 * is kept for a newline that has to be added. */
static size_t room(const struct run *run)
{
	size_t left = run->append->batch.capacity - 1 - run->length;

	return left / (run->conf->stamp ? RUN_STAMP_MAX + 1 : 1);
}

static size_t make_stamp(const struct run *run, char stamp[RUN_STAMP_MAX])
{
	time_t now = time(NULL);
	struct tm local;

	if (!run->conf->stamp)
		return 0;
	localtime_r(&now, &local);
	return clock_format(stamp, RUN_STAMP_MAX, run->conf->stamp, &local);
}

static void add(struct run *run, const char *bytes, size_t len)
{
	memcpy(run->append->batch.data + run->length, bytes, len);
	run->length += len;
}

/* What is left in the buffer is the beginning of a line, which has its stamp. */
static void add_output(struct run *run, const char *data, size_t len)
{
	char stamp[RUN_STAMP_MAX];
	size_t stamp_length = make_stamp(run, stamp);
	bool at_start = run->length == 0;

	while (len > 0) {
		const char *newline = memchr(data, '\n', len);
		size_t part = newline ? (size_t)(newline - data) + 1 : len;

		if (at_start)
			add(run, stamp, stamp_length);
		add(run, data, part);
		at_start = true;
		data += part;
		len -= part;
	}
}

static void take_lines(struct run *run)
{
	struct batch *batch = &run->append->batch;
	size_t whole = cut_whole(batch->data, run->length);

	if (whole > 0) {
		set_batch(run, whole);
	} else if (room(run) == 0 && (run->length >= RUN_LINE_MAX || batch_grow(batch) < 0)) {
		log_warning("%s: a line of more than %zu bytes is split", run->conf->command[0],
			run->length);
		set_batch_with_newline(run);
	} else {
		return;
	}
	write_batch(run);
}

static int on_output(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct run *run = context;
	char piece[PIECE];
	size_t most = room(run);
	ssize_t n = read(fd, piece, most < sizeof(piece) ? most : sizeof(piece));

	(void)source, (void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n > 0) {
		add_output(run, piece, (size_t)n);
		take_lines(run);
		return 0;
	}
	at_end_of_output(run);
	check_over(run);
	return 0;
}

static int on_errors(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct run *run = context;

	(void)source, (void)events;
	if (output_log_read(&run->log, fd))
		return 0;
	close_stream(&run->errors, &run->on_errors);
	check_over(run);
	return 0;
}

/* The beginning */

/* The child's descriptors are opened here and closed again; ours go into the run. */
static int start_child(struct run *run)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), out[2] = { -1, -1 },
	    err[2] = { -1, -1 };
	int r = null < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0 ? -errno : 0;
	const struct child_fd fds[] = { { null, 0 }, { out[1], 1 }, { err[1], 2 } };
	const struct child_setup setup = {
		.command = run->conf->command,
		.fds = fds,
		.fd_count = sizeof(fds) / sizeof(fds[0]),
	};

	run->output = out[0];
	run->errors = err[0];
	if (r == 0)
		r = child_start(&run->child, &setup);
	for (size_t i = 0; i < setup.fd_count; i++) {
		if (fds[i].from >= 0)
			close(fds[i].from);
	}
	return r;
}

static int add_stream(
	struct run *run, int fd, sd_event_source **source, sd_event_io_handler_t handler)
{
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	return sd_event_add_io(run->loop, source, fd, EPOLLIN, handler, run);
}

static int add_sources(struct run *run)
{
	int r = add_stream(run, run->output, &run->on_output, on_output);

	if (r >= 0)
		r = add_stream(run, run->errors, &run->on_errors, on_errors);
	if (r >= 0)
		r = sd_event_add_io(
			run->loop, &run->on_end, run->child.pidfd, EPOLLIN, on_end, run);
	if (r >= 0)
		r = timer_add(run->loop, &run->retry, on_retry, run);
	if (r >= 0)
		r = timer_add(run->loop, &run->deadline, on_deadline, run);
	if (r >= 0 && run->conf->timeout_ns > 0)
		r = timer_arm(run->deadline, clock_monotonic_ns() + run->conf->timeout_ns);
	return r;
}

int run_start(struct run *run)
{
	int r;

	run->length = 0;
	run->log.length = 0;
	run->ending = RUN_GOES_ON;
	run->process_ended = run->target_full = run->success = run->timed_out = false;
	run->started_ns = clock_monotonic_ns();
	r = start_child(run);
	if (r == 0) {
		r = add_sources(run);
		if (r < 0) {
			signal_group(run, SIGKILL);
			child_stop(&run->child, 0);
		}
	}
	if (r < 0)
		clean_up(run);
	return r < 0 ? r : 0;
}
