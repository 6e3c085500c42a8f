#include "tailer/watch.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVENTS                                                                                     \
	(IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |             \
		IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

struct watched {
	struct watcher *watch;
	char *directory; /* with the last slash */
	sd_event_source *source;
	bool gone; /* the directory is, or the watch failed */
};

void watch_init(struct watcher *watch, sd_event *event, struct tracker *tracker,
	void (*wake)(void *context), void *context)
{
	*watch = (struct watcher){
		.event = event, .tracker = tracker, .wake = wake, .context = context
	};
}

static int on_event(sd_event_source *source, const struct inotify_event *event, void *context)
{
	struct watched *watched = context;
	struct watcher *watch = watched->watch;
	char path[PATH_MAX];

	(void)source;
	if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT))
		watched->gone = watch->lost = true;
	if (event->mask & IN_Q_OVERFLOW || event->len == 0) {
		watch->new_names = watch->other_files = true;
	} else if (snprintf(path, sizeof(path), "%s%s", watched->directory, event->name) <
		   (int)sizeof(path)) {
		if (!tracker_look_at(watch->tracker, path)) {
			watch->new_names |= (event->mask & (IN_CREATE | IN_MOVED_TO)) != 0;
			watch->other_files = true;
		}
	}
	watch->wake(watch->context);
	return 0;
}

static bool is_remote(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool remote = fd >= 0 && file_is_remote(fd) == 1;

	if (fd >= 0)
		close(fd);
	return remote;
}

static void report_failure(struct watcher *watch, const char *directory, int error)
{
	if (error == -ENOSPC || error == -EMFILE) {
		if (!watch->exhausted)
			log_warning("no inotify watches left (fs.inotify.max_user_watches,"
				    " max_user_instances): polling");
		watch->exhausted = true;
	} else if (error == -EREMOTE) {
		log_warning("%s: on a remote file system, polling", directory);
	} else if (error != -ENOENT) {
		log_warning("%s: cannot be watched: %s; polling", directory, reason(error));
	}
}

/* Starts a watch; tells of a failure the first time. */
static void start(struct watcher *watch, struct watched *watched, bool first)
{
	int error = -EREMOTE;

	watched->source = sd_event_source_disable_unref(watched->source);
	if (!is_remote(watched->directory))
		error = sd_event_add_inotify(watch->event, &watched->source, watched->directory,
			EVENTS, on_event, watched);
	watched->gone = error < 0;
	if (error < 0 && first)
		report_failure(watch, watched->directory, error);
	else if (error >= 0)
		watch->new_names = watch->other_files = true; /* what came before the watch */
}

static struct watched *find(const struct watcher *watch, const char *directory, size_t len)
{
	for (size_t i = watch->count; i-- > 0;) {
		struct watched *watched = &watch->watched[i];

		if (strncmp(watched->directory, directory, len) == 0 &&
			watched->directory[len] == '\0')
			return watched;
	}
	return NULL;
}

/* The sources point to their entries: they move when the array does. */
static struct watched *add(struct watcher *watch, const char *directory, size_t len)
{
	struct watched *list, *watched;

	list = reallocarray(watch->watched, watch->count + 1, sizeof(*list));
	if (!list)
		return NULL;
	for (size_t i = 0; i < watch->count; i++)
		if (list[i].source)
			sd_event_source_set_userdata(list[i].source, &list[i]);
	watch->watched = list;
	watched = &list[watch->count];
	*watched = (struct watched){ .watch = watch, .directory = strndup(directory, len) };
	if (!watched->directory)
		return NULL;
	watch->count++;
	return watched;
}

/* The directory of a link does not tell what happens to the file. */
static bool is_link(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

bool watch_update(struct watcher *watch)
{
	const struct tracker *tracker = watch->tracker;
	const char *path;
	bool all = true;

	watch->lost = false;
	for (size_t i = 0; (path = tracker_directory_of(tracker, i)); i++) {
		size_t len = (size_t)(strrchr(path, '/') - path) + 1;
		struct watched *watched = find(watch, path, len);
		bool first = !watched;

		if (first)
			watched = add(watch, path, len);
		if (watched && (first || watched->gone))
			start(watch, watched, first);
		all = all && watched && !watched->gone && !is_link(path);
	}
	return all;
}

void watch_look(struct watcher *watch)
{
	if (watch->new_names)
		tracker_look(watch->tracker, false);
	else if (watch->other_files)
		tracker_look_at_others(watch->tracker);
	watch->new_names = watch->other_files = false;
}

void watch_free(struct watcher *watch)
{
	for (size_t i = 0; i < watch->count; i++) {
		sd_event_source_disable_unref(watch->watched[i].source);
		free(watch->watched[i].directory);
	}
	free(watch->watched);
	watch->watched = NULL;
	watch->count = 0;
}
