#include "ctl/status.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/status.h"
#include "ctl/output.h"
#include "ctl/status_codes.h"

#include <errno.h>
#include <time.h>

/* Why files are missing in what was printed. */
static void report_unreadable(const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->count; i++)
		for (size_t j = 0; j < snapshot->daemons[i].count; j++) {
			const struct section_view *section = &snapshot->daemons[i].sections[j];

			if (section->unsaved == 0 || section->unsaved == -ENOENT)
				continue;
			log_warning("%s: its files cannot be shown: checkpoint: %s",
				section->page.section,
				section->unsaved == -EBADMSG ? "damaged, or of another version"
							     : reason(section->unsaved));
		}
}

static bool has_section(const struct snapshot *snapshot, const char *name)
{
	for (size_t i = 0; i < snapshot->count; i++)
		for (size_t j = 0; j < snapshot->daemons[i].count; j++)
			if (section_is_named(&snapshot->daemons[i].sections[j], name))
				return true;
	return false;
}

static bool has_all(const struct snapshot *snapshot, const struct status_choice *choice)
{
	bool all = true;

	for (size_t i = 0; i < choice->count; i++)
		if (!has_section(snapshot, choice->sections[i])) {
			log_error("no daemon shows a section \"%s\"", choice->sections[i]);
			all = false;
		}
	return all;
}

/* Of the daemon, or only of those sections that are chosen. */
static bool hangs(const struct snapshot *snapshot, const struct daemon_view *daemon,
	const struct status_choice *choice)
{
	if (daemon_state(snapshot, daemon) == DAEMON_HANGS)
		return true;
	for (size_t i = 0; i < daemon->count; i++)
		if (status_is_chosen(choice, &daemon->sections[i]) &&
			section_hangs(snapshot, daemon, &daemon->sections[i]))
			return true;
	return false;
}

static bool has_chosen(const struct daemon_view *daemon, const struct status_choice *choice)
{
	for (size_t i = 0; i < daemon->count; i++)
		if (status_is_chosen(choice, &daemon->sections[i]))
			return true;
	return choice->count == 0;
}

/* What is unknown outweighs what is dead, and that what runs. */
static int status_of(const struct snapshot *snapshot, const struct status_choice *choice)
{
	int status = LSB_NOT_RUNNING;

	for (size_t i = 0; i < snapshot->count; i++) {
		const struct daemon_view *daemon = &snapshot->daemons[i];
		enum daemon_state state = daemon_state(snapshot, daemon);

		if (state == DAEMON_UNKNOWN)
			return LSB_UNKNOWN;
		if (state == DAEMON_STOPPED || !has_chosen(daemon, choice))
			continue;
		if (hangs(snapshot, daemon, choice))
			return LSB_UNKNOWN;
		if (state == DAEMON_DEAD)
			status = LSB_DEAD;
		else if (status == LSB_NOT_RUNNING)
			status = LSB_RUNNING;
	}
	return status;
}

static bool any_readable(const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->count; i++)
		if (!snapshot->daemons[i].error)
			return true;
	return false;
}

static int take_two(const struct places *places, uint64_t interval_ns, struct snapshot *before,
	struct snapshot *snapshot)
{
	struct timespec pause = { (time_t)(interval_ns / NS_PER_S),
		(long)(interval_ns % NS_PER_S) };
	int error = interval_ns ? snapshot_take(before, places) : 0;

	if (!error && interval_ns)
		nanosleep(&pause, NULL);
	if (!error)
		error = snapshot_take(snapshot, places);
	return error;
}

int status_run(const struct places *places, const struct status_choice *choice, bool json,
	uint64_t interval_ns)
{
	struct snapshot before = { 0 }, snapshot = { 0 };
	int status = LSB_UNKNOWN, error = take_two(places, interval_ns, &before, &snapshot);

	if (error) {
		log_error("%s", reason(error));
	} else {
		(json ? status_print_json : status_print)(
			stdout, &snapshot, interval_ns ? &before : NULL, choice);
		status = status_of(&snapshot, choice);
		if (any_readable(&snapshot) && !has_all(&snapshot, choice))
			status = LSB_UNKNOWN;
		report_unreadable(&snapshot);
	}
	snapshot_free(&before);
	snapshot_free(&snapshot);
	return output_finish() ? LSB_UNKNOWN : status;
}
