#include "handlers/processor_states.h"
#include "handlers/output.h"
#include "lines/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATES 3
#define NO_STATE (-1)

struct states states_none(const char *output)
{
	return (struct states){ .output = output, .current = NO_STATE, .committed = NO_STATE };
}

static void path_of(const struct states *states, int which, char path[PATH_MAX + 16])
{
	snprintf(path, PATH_MAX + 16, "%s.state.%d", states->output, which);
}

static void path_of_new(const struct states *states, char path[PATH_MAX + 16])
{
	snprintf(path, PATH_MAX + 16, "%s.state.new", states->output);
}

static int take_end(int fd, struct place *end)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	return place_take(end, fd, (uint64_t)st.st_size);
}

static int newest(const struct states *states)
{
	struct timespec when = { 0 };
	int found = NO_STATE;

	for (int which = 0; which < STATES; which++) {
		char path[PATH_MAX + 16];
		struct stat st;

		path_of(states, which, path);
		if (stat(path, &st) < 0 || st.st_mtim.tv_sec < when.tv_sec ||
			(st.st_mtim.tv_sec == when.tv_sec && st.st_mtim.tv_nsec < when.tv_nsec))
			continue;
		when = st.st_mtim;
		found = which;
	}
	return found;
}

static bool is_there(const struct states *states, const struct place *end)
{
	struct place now = { 0 };
	int fd = states_open_current(states);
	bool there;

	if (fd < 0)
		return false;
	there = take_end(fd, &now) == 0 && now.offset == end->offset && place_fits(end, fd) == 1;
	close(fd);
	return there;
}

bool states_resume(struct states *states, const char *token)
{
	struct place end = { 0 };
	int which;

	if (!token || strcmp(token, "-") == 0)
		return true;
	which = token[0] - '0';
	if (which >= 0 && which < STATES && token[1] == ':' && place_parse(&end, token + 2) == 0) {
		states->current = states->committed = which;
		if (is_there(states, &end))
			return true;
	}
	states->current = states->committed = newest(states);
	return false;
}

int states_open_current(const struct states *states)
{
	char path[PATH_MAX + 16] = "/dev/null";
	int fd;

	if (states->current != NO_STATE)
		path_of(states, states->current, path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int states_open_new(const struct states *states)
{
	char path[PATH_MAX + 16];
	int fd;

	path_of_new(states, path);
	/* What a run left behind that a crash has ended may still write to the one before. */
	unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

int states_keep_new(struct states *states, int fd)
{
	char from[PATH_MAX + 16], to[PATH_MAX + 16];
	int free_one = 0, error;

	while (free_one == states->current || free_one == states->committed)
		free_one++;
	path_of_new(states, from);
	path_of(states, free_one, to);
	if (fsync(fd) < 0 || rename(from, to) < 0)
		return -errno;
	error = sync_directory(to, fd);
	if (!error)
		states->current = free_one;
	return error;
}

int states_commit(struct states *states, char token[STATES_TOKEN])
{
	int fd = states_open_current(states), error = fd < 0 ? fd : 0;
	char place[PLACE_TEXT];
	struct place end = { 0 };

	if (error)
		return error;
	error = take_end(fd, &end);
	close(fd);
	if (error)
		return error;
	place_format(&end, place);
	if (states->current == NO_STATE)
		snprintf(token, STATES_TOKEN, "-");
	else
		snprintf(token, STATES_TOKEN, "%d:%s", states->current, place);
	states->committed = states->current;
	return 0;
}
