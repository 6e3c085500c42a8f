#include "writer/keys.h"

#include <sys/epoll.h>
#include <unistd.h>

/* To touch the terminal from its background would stop us. */
static bool in_foreground(void)
{
	return tcgetpgrp(STDIN_FILENO) == getpgrp();
}

static int on_key(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct keys *keys = context;
	char key;

	(void)events;
	if (!in_foreground() || read(fd, &key, 1) != 1) {
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
		return 0;
	}
	keys->pressed(keys->context, key);
	return 0;
}

int keys_start(struct keys *keys, sd_event *loop)
{
	struct termios mode;
	int r;

	if (!isatty(STDIN_FILENO) || !in_foreground() || tcgetattr(STDIN_FILENO, &keys->before) < 0)
		return 0;
	r = sd_event_add_io(loop, &keys->source, STDIN_FILENO, EPOLLIN, on_key, keys);
	if (r < 0)
		return r;
	mode = keys->before;
	mode.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	keys->taken = tcsetattr(STDIN_FILENO, TCSANOW, &mode) == 0;
	return 0;
}

void keys_end(struct keys *keys)
{
	keys->source = sd_event_source_disable_unref(keys->source);
	if (keys->taken && in_foreground())
		tcsetattr(STDIN_FILENO, TCSANOW, &keys->before);
	keys->taken = false;
}
