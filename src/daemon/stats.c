#include "daemon/stats.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "linekeeper-stats"
#define WHOLE ((size_t)STATS_PAGE * (1 + STATS_PAGES))

_Static_assert(sizeof(struct stats_header) <= STATS_PAGE, "the header fits");
_Static_assert(sizeof(struct stats_page) <= STATS_PAGE, "a page fits");

char *stats_path(const char *pidfile)
{
	size_t len = strlen(pidfile);
	char *path;

	if (len > 4 && strcmp(pidfile + len - 4, ".pid") == 0)
		len -= 4;
	return asprintf(&path, "%.*s.stats", (int)len, pidfile) < 0 ? NULL : path;
}

static void set_text(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%s", text);
}

static int map(struct stats *stats, int protection)
{
	void *memory = mmap(NULL, WHOLE, protection, MAP_SHARED, stats->fd, 0);

	if (memory == MAP_FAILED)
		return -errno;
	stats->header = memory;
	return 0;
}

/* Pages that nobody writes take no room: the file has holes there. */
static int make(struct stats *stats)
{
	unlink(stats->path); /* of a start that was killed */
	stats->fd = open(stats->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (stats->fd < 0)
		return -errno;
	if (flock(stats->fd, LOCK_EX | LOCK_NB) < 0 || fchmod(stats->fd, 0644) < 0 ||
		ftruncate(stats->fd, (off_t)WHOLE) < 0)
		return -errno;
	return map(stats, PROT_READ | PROT_WRITE);
}

/* Nobody sees it before it is whole; who reads the old one keeps what is mapped. */
static int publish(struct stats *stats, const char *path)
{
	char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	if (rename(stats->path, copy) < 0) {
		free(copy);
		return -errno;
	}
	free(stats->path);
	stats->path = copy;
	return 0;
}

static int make_beside(struct stats *stats, const char *path)
{
	if (asprintf(&stats->path, "%s.new", path) < 0) {
		stats->path = NULL;
		return -ENOMEM;
	}
	return make(stats);
}

int stats_create(
	struct stats *stats, const char *path, const char *program, const char *state_directory)
{
	struct stats made = { .fd = -1 };
	int error = make_beside(&made, path);

	if (error) {
		stats_remove(&made);
		return error;
	}
	memcpy(made.header->magic, MAGIC, sizeof(made.header->magic));
	made.header->version = STATS_VERSION;
	made.header->page_size = STATS_PAGE;
	set_text(made.header->program, sizeof(made.header->program), program);
	set_text(made.header->state_directory, sizeof(made.header->state_directory),
		state_directory);
	made.header->pid = (uint64_t)getpid();
	made.header->started_ns = clock_realtime_ns();
	made.header->beat_ns = clock_monotonic_ns();
	error = publish(&made, path);
	if (error)
		stats_remove(&made);
	else
		*stats = made;
	return error;
}

void stats_close(struct stats *stats)
{
	if (stats->header)
		munmap(stats->header, WHOLE);
	if (stats->fd >= 0)
		close(stats->fd);
	free(stats->path);
	*stats = (struct stats){ .fd = -1 };
}

void stats_remove(struct stats *stats)
{
	if (stats->path && stats->fd >= 0)
		unlink(stats->path);
	stats_close(stats);
}

static int check(const struct stats *stats)
{
	const struct stats_header *header = stats->header;

	if (memcmp(header->magic, MAGIC, sizeof(header->magic)) != 0 ||
		header->version != STATS_VERSION || header->page_size != STATS_PAGE)
		return -EBADMSG;
	return 0;
}

static int open_to_read(struct stats *stats, const char *path, bool *alive)
{
	struct stat st;
	int error;

	stats->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (stats->fd < 0 || fstat(stats->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != WHOLE)
		return -EBADMSG; /* reading beyond a file's end would be SIGBUS */
	*alive = flock(stats->fd, LOCK_SH | LOCK_NB) < 0;
	flock(stats->fd, LOCK_UN);
	error = map(stats, PROT_READ);
	return stats->header ? check(stats) : error;
}

int stats_open(struct stats *stats, const char *path, bool *alive)
{
	struct stats opened = { .path = strdup(path), .fd = -1 };
	int error = opened.path ? open_to_read(&opened, path, alive) : -ENOMEM;

	if (error)
		stats_close(&opened);
	else
		*stats = opened;
	return error;
}

struct stats_page *stats_page(const struct stats *stats, size_t index)
{
	if (!stats->header || index >= STATS_PAGES)
		return NULL;
	return (struct stats_page *)((char *)stats->header + STATS_PAGE * (1 + index));
}

#define END_TEXT(text) ((text)[sizeof(text) - 1] = '\0')

void stats_copy_header(const struct stats *stats, struct stats_header *copy)
{
	*copy = *stats->header;
	END_TEXT(copy->program);
	END_TEXT(copy->state_directory);
}

bool stats_copy_page(const struct stats *stats, size_t index, struct stats_page *copy)
{
	const struct stats_page *page = stats_page(stats, index);

	if (!page)
		return false;
	*copy = *page;
	END_TEXT(copy->section);
	END_TEXT(copy->note);
	for (size_t i = 0; i < STATS_FIGURES; i++) {
		copy->figures[i].value = page->figures[i].value; /* in one piece */
		END_TEXT(copy->figures[i].name);
	}
	return true;
}

void stats_define(struct stats_page *page, size_t index, const char *name)
{
	if (page && index < STATS_FIGURES)
		set_text(page->figures[index].name, sizeof(page->figures[index].name), name);
}

void stats_set(struct stats_page *page, size_t index, uint64_t value)
{
	if (page && index < STATS_FIGURES)
		page->figures[index].value = value;
}

void stats_add(struct stats_page *page, size_t index, uint64_t more)
{
	if (page && index < STATS_FIGURES)
		page->figures[index].value += more;
}

void stats_beat(struct stats_page *page)
{
	if (page)
		page->beat_ns = clock_monotonic_ns();
}

void stats_note(struct stats_page *page, const char *note)
{
	if (page && strcmp(page->note, note) != 0)
		set_text(page->note, sizeof(page->note), note);
}
