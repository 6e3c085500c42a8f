#include "ctl/snapshot.h"

#include "base/clock.h"
#include "base/log.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRIES 3 /* a section that comes or goes while it is read looks like damage */
#define TRY_AGAIN_US 20000

static int split_name(struct section_view *section)
{
	char *text = section->page.section, *space = strchr(text, ' ');
	size_t len = space ? (size_t)(space - text) : 0;

	if (len == 0 || len >= sizeof(section->kind) || !saved_is_name(space + 1))
		return -EBADMSG;
	memcpy(section->kind, text, len);
	section->kind[len] = '\0';
	section->name = space + 1;
	for (const char *c = section->kind; *c; c++)
		if (!islower((unsigned char)*c))
			return -EBADMSG;
	return 0;
}

static bool is_figure_name(const char *name)
{
	if (!islower((unsigned char)*name))
		return false;
	while (islower((unsigned char)*name) || isdigit((unsigned char)*name) || *name == '_')
		name++;
	return *name == '\0';
}

static int check_page(struct section_view *section)
{
	const struct stats_page *page = &section->page;

	if (page->state > STATS_FINISHED)
		return -EBADMSG;
	for (size_t i = 0; i < STATS_FIGURES && page->figures[i].name[0]; i++)
		if (!is_figure_name(page->figures[i].name))
			return -EBADMSG;
	return split_name(section);
}

static bool is_known(const struct daemon_view *daemon, const char *section)
{
	for (size_t i = 0; i < daemon->count; i++)
		if (strcmp(daemon->sections[i].page.section, section) == 0)
			return true;
	return false;
}

static int add_section(struct daemon_view *daemon, const struct stats_page *page)
{
	struct section_view *section = &daemon->sections[daemon->count];

	if (is_known(daemon, page->section))
		return -EBADMSG;
	*section = (struct section_view){ .page = *page, .unsaved = -ENOENT };
	daemon->count++;
	return check_page(section);
}

/* In order of their names. */
static int compare(const void *a, const void *b)
{
	const struct section_view *one = a, *other = b;

	return strcmp(one->page.section, other->page.section);
}

static void sort(struct daemon_view *daemon)
{
	qsort(daemon->sections, daemon->count, sizeof(*daemon->sections), compare);
	for (size_t i = 0; i < daemon->count; i++) {
		struct section_view *section = &daemon->sections[i];

		section->name = section->page.section + strlen(section->kind) + 1;
	}
}

static int copy_pages(struct daemon_view *daemon, const struct stats *stats)
{
	struct stats_page page;
	int error = 0;

	for (size_t i = 0; !error && stats_copy_page(stats, i, &page); i++)
		if (page.section[0])
			error = add_section(daemon, &page);
	return error;
}

static int read_stats(struct daemon_view *daemon)
{
	struct stats stats = { .fd = -1 };
	int error = stats_open(&stats, daemon->stats, &daemon->alive);

	daemon->count = 0;
	if (error)
		return error;
	stats_copy_header(&stats, &daemon->header);
	error = copy_pages(daemon, &stats);
	stats_close(&stats);
	if (!error)
		sort(daemon);
	return error;
}

static void read_checkpoints(struct daemon_view *daemon, const char *state)
{
	int directory = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = directory < 0 ? -errno : 0;

	for (size_t i = 0; i < daemon->count; i++) {
		struct section_view *section = &daemon->sections[i];

		if (strcmp(section->kind, "tail") != 0)
			continue;
		section->unsaved =
			error ? error : saved_read(directory, section->name, &section->saved);
	}
	if (directory >= 0)
		close(directory);
}

/* "/run/linekeeper/tailer.stats" is the tailer's. */
static char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t len = strlen(base);

	if (len > 6 && strcmp(base + len - 6, ".stats") == 0)
		len -= 6;
	return strndup(base, len);
}

static int view_daemon(struct daemon_view *daemon, const char *stats, const char *state)
{
	daemon->stats = stats;
	daemon->name = name_of(stats);
	daemon->sections = calloc(STATS_PAGES, sizeof(*daemon->sections));
	if (!daemon->name || !daemon->sections)
		return -ENOMEM;
	daemon->error = read_stats(daemon);
	for (int i = 1; daemon->error == -EBADMSG && i < TRIES; i++) {
		usleep(TRY_AGAIN_US);
		daemon->error = read_stats(daemon);
	}
	if (daemon->error)
		daemon->count = 0;
	else
		read_checkpoints(daemon, state ? state : daemon->header.state_directory);
	return 0;
}

int snapshot_take(struct snapshot *snapshot, const struct places *places)
{
	struct snapshot taken = {
		.now_ns = clock_realtime_ns(),
		.now_monotonic_ns = clock_monotonic_ns(),
	};
	int error = 0;

	taken.daemons = calloc(places->count + 1, sizeof(*taken.daemons));
	if (!taken.daemons)
		return -ENOMEM;
	for (size_t i = 0; !error && i < places->count; i++)
		error = view_daemon(&taken.daemons[taken.count++], places->stats[i], places->state);
	if (error)
		snapshot_free(&taken);
	else
		*snapshot = taken;
	return error;
}

void snapshot_free(struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->count; i++) {
		struct daemon_view *daemon = &snapshot->daemons[i];

		for (size_t j = 0; j < daemon->count; j++)
			saved_free(&daemon->sections[j].saved);
		free(daemon->sections);
		free(daemon->name);
	}
	free(snapshot->daemons);
	*snapshot = (struct snapshot){ 0 };
}

uint64_t elapsed_ns(uint64_t now_ns, uint64_t then_ns)
{
	return now_ns > then_ns ? now_ns - then_ns : 0;
}

uint64_t silence_ns(const struct snapshot *snapshot, uint64_t beat_ns)
{
	return elapsed_ns(snapshot->now_monotonic_ns, beat_ns);
}

uint64_t beat_time_ns(const struct snapshot *snapshot, uint64_t beat_ns)
{
	return beat_ns > 0 ? snapshot->now_ns - silence_ns(snapshot, beat_ns) : 0;
}

enum daemon_state daemon_state(const struct snapshot *snapshot, const struct daemon_view *daemon)
{
	if (daemon->error)
		return daemon->error == -ENOENT ? DAEMON_STOPPED : DAEMON_UNKNOWN;
	if (!daemon->alive)
		return DAEMON_DEAD;
	if (silence_ns(snapshot, daemon->header.beat_ns) > HANGS_NS)
		return DAEMON_HANGS;
	return DAEMON_RUNNING;
}

const char *daemon_state_text(const struct snapshot *snapshot, const struct daemon_view *daemon)
{
	static const char *const texts[] = {
		[DAEMON_RUNNING] = "running",
		[DAEMON_HANGS] = "hangs",
		[DAEMON_DEAD] = "dead",
		[DAEMON_STOPPED] = "not running",
	};
	enum daemon_state state = daemon_state(snapshot, daemon);

	if (state != DAEMON_UNKNOWN)
		return texts[state];
	return daemon->error == -EBADMSG ? "not a whole .stats file of this version"
					 : reason(daemon->error);
}

bool section_hangs(const struct snapshot *snapshot, const struct daemon_view *daemon,
	const struct section_view *section)
{
	return daemon->alive && section->page.state == STATS_RUNNING &&
	       silence_ns(snapshot, section->page.beat_ns) > HANGS_NS;
}

const char *section_state_text(const struct snapshot *snapshot, const struct daemon_view *daemon,
	const struct section_view *section)
{
	static const char *const texts[] = {
		[STATS_NONE] = "none",
		[STATS_STARTING] = "starting",
		[STATS_RUNNING] = "running",
		[STATS_STOPPING] = "stopping",
		[STATS_WAITING] = "waiting",
		[STATS_FINISHED] = "finished",
	};

	if (!daemon->alive)
		return "dead";
	if (section_hangs(snapshot, daemon, section))
		return "hangs";
	return texts[section->page.state];
}

bool section_has_figures(const struct section_view *section)
{
	return section->page.state != STATS_NONE && section->page.state != STATS_STARTING;
}

bool section_figure(const struct section_view *section, const char *name, uint64_t *value)
{
	const struct stats_figure *figures = section->page.figures;

	if (!section_has_figures(section))
		return false;
	for (size_t i = 0; i < STATS_FIGURES && figures[i].name[0]; i++)
		if (strcmp(figures[i].name, name) == 0) {
			*value = figures[i].value;
			return true;
		}
	return false;
}

bool section_is_named(const struct section_view *section, const char *name)
{
	return strcmp(name, section->page.section) == 0 || strcmp(name, section->name) == 0;
}

static const struct section_view *find_worker(const struct snapshot *snapshot,
	const struct daemon_view *daemon, const struct section_view *section)
{
	for (size_t i = 0; snapshot && i < snapshot->count; i++) {
		const struct daemon_view *then = &snapshot->daemons[i];

		if (strcmp(then->stats, daemon->stats) != 0)
			continue;
		for (size_t j = 0; j < then->count; j++)
			if (strcmp(then->sections[j].page.section, section->page.section) == 0 &&
				then->sections[j].page.started_ns == section->page.started_ns)
				return &then->sections[j];
	}
	return NULL;
}

double section_rate(const struct snapshot *now, const struct daemon_view *daemon,
	const struct section_view *section, const struct snapshot *before)
{
	const struct section_view *then = find_worker(before, daemon, section);
	uint64_t lines, lines_before = 0;
	uint64_t since_ns = then ? before->now_ns : section->page.started_ns;
	uint64_t time_ns = elapsed_ns(now->now_ns, since_ns);

	if (!daemon->alive || section->page.pid == 0 || time_ns == 0 ||
		!section_figure(section, "lines_total", &lines) ||
		(then && !section_figure(then, "lines_total", &lines_before)) ||
		lines < lines_before)
		return NAN;
	return (double)(lines - lines_before) * (double)NS_PER_S / (double)time_ns;
}
