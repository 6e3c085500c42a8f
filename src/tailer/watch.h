/*
 * inotify(7), by sd-event: one watch for each directory, whatever the number of files in it.
 * Directories that cannot be watched (no watches left, a remote file system, not there yet) are
 * left to polling.
 */
#ifndef TAILER_WATCH_H
#define TAILER_WATCH_H

#include "lines/tracker.h"

#include <stdbool.h>
#include <systemd/sd-event.h>

struct watched;

struct watcher {
	sd_event *event;
	struct tracker *tracker;
	void (*wake)(void *context); /* something has changed */
	void *context;
	struct watched *watched;
	size_t count;
	bool exhausted;   /* reported: no watches left */
	bool new_names;   /* a directory has names we do not know: look for new paths */
	bool lost;        /* a watch is gone: polling until watch_update() */
	bool other_files; /* something happened to files that are not at a live path */
};

void watch_init(struct watcher *watch, sd_event *event, struct tracker *tracker,
	void (*wake)(void *context), void *context);

/* Watches the directories of all paths, those that are new among them. True if every one is
 * watched. */
bool watch_update(struct watcher *watch);

/* Looks where events have told to. */
void watch_look(struct watcher *watch);

void watch_free(struct watcher *watch);

#endif
