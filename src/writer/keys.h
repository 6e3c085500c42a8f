/* Single keys from the terminal that a replay runs on, without Enter and without an echo. */
#ifndef WRITER_KEYS_H
#define WRITER_KEYS_H

#include <stdbool.h>
#include <systemd/sd-event.h>
#include <termios.h>

struct keys {
	bool taken; /* the terminal is set, and to be set back */
	struct termios before;
	sd_event_source *source;
	void (*pressed)(void *context, char key);
	void *context;
};

/* Calls pressed() for each key. Does nothing where standard input is no terminal, or we are in its
 * background. 0 or a negative errno. */
int keys_start(struct keys *keys, sd_event *loop);

void keys_end(struct keys *keys);

#endif
