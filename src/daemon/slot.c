#include "daemon/slot.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/status.h"
#include "daemon/notify.h"
#include "daemon/signals.h"
#include "daemon/title.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAUSE_MIN (100 * NS_PER_MS)
#define PAUSE_MAX (30 * NS_PER_S)
#define LONG_LIFE (60 * NS_PER_S)
#define TIMER_ACCURACY_US 1000

static void start(struct slot *slot);

/* What a reader of the .stats file sees of the slot. */
static void show(const struct slot *slot)
{
	static const enum stats_state shown[] = {
		[SLOT_EMPTY] = STATS_NONE,
		[SLOT_WAITING] = STATS_WAITING,
		[SLOT_STARTING] = STATS_STARTING,
		[SLOT_RUNNING] = STATS_RUNNING,
		[SLOT_STOPPING] = STATS_STOPPING,
		[SLOT_FINISHED] = STATS_FINISHED,
	};

	if (!slot->page)
		return;
	slot->page->state = shown[slot->state];
	slot->page->pid = (uint64_t)slot->pid;
}

/* A page that no other section has; a worker's figures start from 0 with each life. */
static struct stats_page *take_page(const struct stats *stats, const char *name)
{
	struct stats_page *page;

	for (size_t i = 0; (page = stats_page(stats, i)); i++)
		if (!page->section[0]) {
			snprintf(page->section, sizeof(page->section), "%s", name);
			return page;
		}
	return NULL;
}

static void change_state(struct slot *slot, enum slot_state state)
{
	slot->state = state;
	show(slot);
}

/* SIGTERM, SIGINT and SIGHUP wait until worker_loop() takes them: none is lost before. */
static void set_worker_mask(void)
{
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGHUP);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
}

/* What the supervisor knows the other workers by: with many sections they are many. */
static void close_watches(const struct slot *slot)
{
	for (; slot; slot = slot->next) {
		if (slot->exit)
			close(slot->exit_fd);
		if (slot->ready)
			close(slot->ready_fd);
	}
}

/* The supervisor's event loop is left as it is: sd-event refuses to work across a fork(2), and its
 * sources are shared with the supervisor. */
static _Noreturn void be_worker(const struct slot *slot, int ready_fd, pid_t supervisor)
{
	const struct supervised *supervised = slot->common->supervised;
	struct worker worker = {
		.ready_fd = ready_fd,
		.boot_fd = slot->common->boot_fd,
		.state = slot->common->state,
		.stats = slot->page,
	};
	int status;

	pidfile_disown(slot->common->pidfile);
	close_watches(*slot->common->slots);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != supervisor)
		_exit(STATUS_FAILURE);
	set_worker_mask();
	notify_disown();
	title_set("%s: %s", supervised->program, slot->name);
	log_set_section(slot->name);
	status = supervised->run(supervised->context, slot->section, &worker);
	if (worker.stopped_by_other) { /* ended in good order, but as one that dies by it */
		signals_reset();
		raise(SIGTERM);
	}
	_exit(status);
}

/* Forgets the worker that ended. */
static void clear(struct slot *slot)
{
	slot->exit = sd_event_source_disable_unref(slot->exit);
	slot->ready = sd_event_source_disable_unref(slot->ready);
	sd_event_source_set_enabled(slot->timer, SD_EVENT_OFF);
	slot->pid = 0;
}

static void set_timer(struct slot *slot, uint64_t ns)
{
	sd_event_source_set_time_relative(slot->timer, ns / NS_PER_US);
	sd_event_source_set_enabled(slot->timer, SD_EVENT_ONESHOT);
}

static void back_off(struct slot *slot)
{
	if (clock_monotonic_ns() - slot->started_ns >= LONG_LIFE)
		slot->pause_ns = 0;
	slot->pause_ns = slot->pause_ns == 0 ? PAUSE_MIN : 2 * slot->pause_ns;
	if (slot->pause_ns > PAUSE_MAX)
		slot->pause_ns = PAUSE_MAX;
	change_state(slot, SLOT_WAITING);
	if (slot->page)
		slot->page->restarts++;
	set_timer(slot, slot->pause_ns);
}

/* One byte, or the end of file of a worker that died before. */
static int on_ready(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct slot *slot = context;
	char byte;
	ssize_t count = read(fd, &byte, 1);

	(void)source, (void)events;
	slot->ready = sd_event_source_disable_unref(slot->ready);
	if (count != 1)
		return 0;
	slot->failure = 0;
	if (slot->state == SLOT_STARTING)
		change_state(slot, SLOT_RUNNING);
	slot->common->changed(slot->common->context);
	return 0;
}

static void log_exit(const struct slot *slot, const siginfo_t *info)
{
	if (info->si_code == CLD_EXITED) {
		if (info->si_status != STATUS_OK)
			log_error("%s: exited with status %d", slot->name, info->si_status);
		return;
	}
	/* on_timer() has told of the one, and the other is what it was asked for. */
	if (slot->state == SLOT_STOPPING &&
		(info->si_status == SIGKILL || info->si_status == SIGTERM))
		return;
	log_error("%s: killed by SIG%s", slot->name, sigabbrev_np(info->si_status));
}

static int on_exit_of_worker(sd_event_source *source, const siginfo_t *info, void *context)
{
	struct slot *slot = context;
	int status = info->si_code == CLD_EXITED ? info->si_status : STATUS_FAILURE;

	(void)source;
	log_exit(slot, info);
	clear(slot);
	slot->failure = slot->state == SLOT_STARTING ? status : 0;
	if (!slot->section)
		change_state(slot, SLOT_EMPTY);
	else if (slot->state == SLOT_STOPPING)
		start(slot);
	else if (status == STATUS_OK)
		change_state(slot, SLOT_FINISHED);
	else
		back_off(slot);
	slot->common->changed(slot->common->context);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *context)
{
	struct slot *slot = context;

	(void)source, (void)usec;
	if (slot->state == SLOT_STOPPING) {
		log_warning("%s: does not stop, killing it", slot->name);
		kill(slot->pid, SIGKILL);
		return 0;
	}
	start(slot);
	slot->common->changed(slot->common->context);
	return 0;
}

/* Readiness comes first if both are there: a worker may end right after it. */
static int watch(struct slot *slot, int *ready_fd)
{
	sd_event *loop = slot->common->loop;
	int error =
		sd_event_add_child(loop, &slot->exit, slot->pid, WEXITED, on_exit_of_worker, slot);

	if (error >= 0)
		error = sd_event_add_io(loop, &slot->ready, *ready_fd, EPOLLIN, on_ready, slot);
	if (error >= 0)
		error = sd_event_source_set_io_fd_own(slot->ready, true);
	if (error < 0)
		return error;
	slot->exit_fd = sd_event_source_get_child_pidfd(slot->exit);
	slot->ready_fd = *ready_fd;
	*ready_fd = -1;
	return sd_event_source_set_priority(slot->ready, SD_EVENT_PRIORITY_IMPORTANT);
}

static int fork_worker(struct slot *slot)
{
	pid_t supervisor = getpid();
	int ends[2];
	int error = 0;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	slot->pid = fork();
	if (slot->pid < 0)
		error = -errno;
	if (slot->pid == 0) {
		close(ends[0]);
		be_worker(slot, ends[1], supervisor);
	}
	close(ends[1]);
	if (error == 0)
		error = watch(slot, &ends[0]);
	if (ends[0] >= 0)
		close(ends[0]);
	return error;
}

static void start(struct slot *slot)
{
	int error = fork_worker(slot);

	slot->started_ns = clock_monotonic_ns();
	if (slot->page)
		slot->page->started_ns = clock_realtime_ns();
	if (error >= 0) {
		change_state(slot, SLOT_STARTING);
		return;
	}
	log_error("%s: cannot start a worker: %s", slot->name, reason(error));
	if (slot->pid > 0) { /* one that cannot be watched */
		kill(slot->pid, SIGKILL);
		waitpid(slot->pid, NULL, 0);
	}
	clear(slot);
	slot->failure = STATUS_FAILURE;
	back_off(slot);
}

static void stop(struct slot *slot)
{
	if (slot->state == SLOT_STOPPING)
		return;
	change_state(slot, SLOT_STOPPING);
	set_timer(slot, slot->common->stop_timeout_ns);
	kill(slot->pid, SIGTERM);
}

static void replace(struct slot *slot)
{
	slot->pause_ns = 0;
	if (slot->pid > 0) {
		stop(slot);
		return;
	}
	clear(slot);
	change_state(slot, SLOT_EMPTY);
	if (slot->section)
		start(slot);
}

void slot_set(struct slot *slot, const struct section *section)
{
	bool same = section && slot->section && strcmp(section->text, slot->section->text) == 0;

	slot->section = section;
	if (!same)
		replace(slot);
	else if (slot->state == SLOT_STARTING || slot->state == SLOT_RUNNING)
		kill(slot->pid, SIGHUP);
	else if (slot->state == SLOT_WAITING) /* what was wrong may have been mended */
		set_timer(slot, 0);
}

struct slot *slot_new(struct slot_common *common, const char *name)
{
	struct slot *slot = calloc(1, sizeof(*slot));

	if (!slot)
		return NULL;
	slot->common = common;
	slot->name = strdup(name);
	slot->page = take_page(common->stats, name);
	if (slot->name && sd_event_add_time(common->loop, &slot->timer, CLOCK_MONOTONIC, UINT64_MAX,
				  TIMER_ACCURACY_US, on_timer, slot) >= 0)
		return slot;
	slot_free(slot);
	return NULL;
}

void slot_free(struct slot *slot)
{
	sd_event_source_disable_unref(slot->exit);
	sd_event_source_disable_unref(slot->ready);
	sd_event_source_disable_unref(slot->timer);
	if (slot->page)
		memset(slot->page, 0, sizeof(*slot->page));
	free(slot->name);
	free(slot);
}
