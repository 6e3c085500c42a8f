#include "daemon/supervisor.h"

#include "base/log.h"
#include "base/status.h"
#include "daemon/beat.h"
#include "daemon/detach.h"
#include "daemon/notify.h"
#include "daemon/slot.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define STATUS_TEXT_MAX 120

struct supervisor {
	struct slot_common common;
	struct stats *stats;
	struct section_list list; /* the configuration in force */
	struct slot *slots;
	int *boot_fd;
	bool booted, stopping;
	bool outdated; /* the configuration in force: the newer one has errors */
	int status;    /* to end with */
};

static const struct section *find_section(const struct section_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->section[i].name, name) == 0)
			return &list->section[i];
	return NULL;
}

static int add_slot(struct supervisor *supervisor, const char *name)
{
	struct slot **place = &supervisor->slots;

	for (; *place; place = &(*place)->next)
		if (strcmp((*place)->name, name) == 0)
			return 0;
	*place = slot_new(&supervisor->common, name);
	return *place ? 0 : -ENOMEM;
}

/* Puts a loaded list into force, or leaves everything as it was. */
static int switch_to(struct supervisor *supervisor, const struct section_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (add_slot(supervisor, list->section[i].name) < 0)
			return -ENOMEM; /* empty slots are cleared away later */
	supervisor->common.stop_timeout_ns = list->stop_timeout_ns;
	for (struct slot *slot = supervisor->slots; slot; slot = slot->next)
		slot_set(slot, find_section(list, slot->name));
	supervisor->list = *list;
	return 0;
}

static void stop_all(struct supervisor *supervisor, int status)
{
	if (supervisor->stopping)
		return;
	supervisor->stopping = true;
	supervisor->status = status;
	notify_stopping();
	for (struct slot *slot = supervisor->slots; slot; slot = slot->next)
		slot_set(slot, NULL);
}

static void remove_empty_slots(struct supervisor *supervisor)
{
	struct slot **place = &supervisor->slots;

	while (*place) {
		struct slot *slot = *place;

		if (slot->state != SLOT_EMPTY) {
			place = &slot->next;
			continue;
		}
		*place = slot->next;
		slot_free(slot);
	}
}

static size_t count(const struct supervisor *supervisor, enum slot_state state)
{
	size_t found = 0;

	for (const struct slot *slot = supervisor->slots; slot; slot = slot->next)
		found += slot->state == state;
	return found;
}

/* The status of the first that failed to start, or 0. */
static int find_failure(const struct supervisor *supervisor)
{
	for (const struct slot *slot = supervisor->slots; slot; slot = slot->next)
		if (slot->failure)
			return slot->failure;
	return STATUS_OK;
}

static const char *describe(const struct supervisor *supervisor, char *text, size_t size)
{
	snprintf(text, size, "%s%zu of %zu sections running",
		supervisor->outdated ? "configuration not changed: the new one has errors; " : "",
		count(supervisor, SLOT_RUNNING), supervisor->list.count);
	return text;
}

static void finish_boot(struct supervisor *supervisor)
{
	char text[STATUS_TEXT_MAX];

	supervisor->booted = true;
	if (*supervisor->boot_fd >= 0)
		detach_done(*supervisor->boot_fd, STATUS_OK);
	*supervisor->boot_fd = supervisor->common.boot_fd = -1;
	notify_ready(describe(supervisor, text, sizeof(text)));
	log_info("%s", text);
}

static void continue_boot(struct supervisor *supervisor)
{
	int failure = find_failure(supervisor);

	if (failure)
		stop_all(supervisor, failure);
	else if (count(supervisor, SLOT_WAITING) + count(supervisor, SLOT_STARTING) +
			 count(supervisor, SLOT_STOPPING) ==
		 0)
		finish_boot(supervisor);
}

/* After each event: where does the daemon as a whole stand? */
static void review(void *context)
{
	struct supervisor *supervisor = context;
	char text[STATUS_TEXT_MAX];

	if (supervisor->booted && !supervisor->stopping)
		notify_status(describe(supervisor, text, sizeof(text)));
	else if (!supervisor->stopping)
		continue_boot(supervisor);
	remove_empty_slots(supervisor);
	for (const struct slot *slot = supervisor->slots; slot; slot = slot->next)
		if (slot->state != SLOT_FINISHED)
			return;
	if (supervisor->booted)
		log_info("%s", supervisor->stopping ? "stopped" : "all sections are finished");
	sd_event_exit(supervisor->common.loop, supervisor->status);
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	struct supervisor *supervisor = context;

	(void)source, (void)info;
	if (!supervisor->booted && !supervisor->stopping)
		log_warning("told to stop while starting");
	stop_all(supervisor, STATUS_OK);
	review(supervisor);
	return 0;
}

static void count_reload(const struct stats *stats, bool good)
{
	if (!stats->header)
		return;
	if (good)
		stats->header->reloads++;
	else
		stats->header->failed_reloads++;
}

static void reload(struct supervisor *supervisor)
{
	const struct supervised *supervised = supervisor->common.supervised;
	struct section_list old = supervisor->list, list = { 0 };
	int error = supervised->load(supervised->context, &list);

	if (error >= 0) {
		error = switch_to(supervisor, &list);
		supervised->release(supervised->context, error < 0 ? &list : &old);
	}
	count_reload(supervisor->stats, error >= 0);
	supervisor->outdated = error < 0;
	if (supervisor->outdated)
		log_error("configuration not changed");
	else
		log_info("configuration read again");
}

/* Says READY=1 in any case: to systemd, what follows RELOADING=1 is a service that is up. */
static void reload_and_notify(struct supervisor *supervisor)
{
	char text[STATUS_TEXT_MAX];

	notify_reloading();
	reload(supervisor);
	notify_ready(describe(supervisor, text, sizeof(text)));
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	struct supervisor *supervisor = context;

	(void)source, (void)info;
	if (supervisor->stopping)
		return 0;
	if (supervisor->booted)
		reload_and_notify(supervisor);
	else
		reload(supervisor);
	review(supervisor);
	return 0;
}

static int add_signals(struct supervisor *supervisor)
{
	sd_event *loop = supervisor->common.loop;
	int error = sd_event_add_signal(loop, NULL, SIGTERM, on_stop, supervisor);

	if (error >= 0)
		error = sd_event_add_signal(loop, NULL, SIGINT, on_stop, supervisor);
	if (error >= 0)
		error = sd_event_add_signal(loop, NULL, SIGHUP, on_reload, supervisor);
	if (error >= 0)
		error = sd_event_set_watchdog(loop, true);
	if (error >= 0 && supervisor->stats->header)
		error = beat_start(loop, &supervisor->stats->header->beat_ns);
	return error;
}

static void block_signals(void)
{
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigaddset(&blocked, SIGHUP);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
}

/* From the first worker to the last; the exit status, or a negative errno. */
static int run(struct supervisor *supervisor)
{
	int error = add_signals(supervisor);

	if (error >= 0)
		error = switch_to(supervisor, &supervisor->list);
	if (error < 0)
		return error;
	review(supervisor);
	return sd_event_loop(supervisor->common.loop);
}

static void free_slots(struct supervisor *supervisor)
{
	while (supervisor->slots) {
		struct slot *slot = supervisor->slots;

		supervisor->slots = slot->next;
		slot_free(slot);
	}
}

int supervise(const struct supervised *supervised, struct section_list *first,
	struct pidfile *pidfile, const char *state, struct stats *stats, int *boot_fd)
{
	struct supervisor supervisor = {
		.common = { .supervised = supervised,
			.pidfile = pidfile,
			.state = state,
			.stats = stats,
			.boot_fd = *boot_fd,
			.changed = review },
		.stats = stats,
		.list = *first,
		.boot_fd = boot_fd,
	};
	int status;

	supervisor.common.context = &supervisor;
	supervisor.common.slots = &supervisor.slots;
	block_signals();
	status = sd_event_new(&supervisor.common.loop);
	if (status >= 0)
		status = run(&supervisor);
	if (status < 0) {
		log_error("cannot supervise the sections: %s", reason(status));
		status = STATUS_FAILURE;
	}
	free_slots(&supervisor);
	supervised->release(supervised->context, &supervisor.list);
	sd_event_unref(supervisor.common.loop);
	return status;
}
