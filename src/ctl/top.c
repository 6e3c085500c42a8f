#include "ctl/top.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/status.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* console_codes(4): another screen, no cursor, long lines cut off instead of wrapped; and back. */
#define ENTER_SCREEN "\033[?1049h\033[?25l\033[?7l"
#define LEAVE_SCREEN "\033[?7h\033[?25h\033[?1049l"
#define GO_HOME "\033[H"
#define ERASE_LINE "\033[K"
#define ERASE_BELOW "\033[J"

struct screen {
	struct termios before;
	int signals; /* signalfd(2) */
};

static int open_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGWINCH);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static int enter(struct screen *screen)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &screen->before) < 0)
		return -errno;
	screen->signals = open_signals();
	if (screen->signals < 0)
		return screen->signals;
	raw = screen->before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VSUSP] = _POSIX_VDISABLE; /* nobody would restore the screen */
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) < 0)
		return -errno;
	return file_write_all(STDOUT_FILENO, ENTER_SCREEN, strlen(ENTER_SCREEN));
}

static void leave(const struct screen *screen)
{
	(void)file_write_all(STDOUT_FILENO, LEAVE_SCREEN, strlen(LEAVE_SCREEN));
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &screen->before);
	close(screen->signals);
}

static struct winsize screen_size(void)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_col == 0)
		return (struct winsize){ .ws_row = 24, .ws_col = 80 };
	return size;
}

static void print_head(FILE *out, const struct snapshot *snapshot)
{
	time_t now = (time_t)(snapshot->now_ns / NS_PER_S);
	struct tm local;
	char text[16] = "?";

	if (localtime_r(&now, &local))
		strftime(text, sizeof(text), "%T", &local);
	fprintf(out, "linekeeperctl top  %s  (q quits)\n", text);
}

/* As many lines as there is room for, each erased behind its end, which may be in the last column.
 */
static int show(const char *text)
{
	char *frame = NULL;
	size_t size;
	FILE *out = open_memstream(&frame, &size);
	unsigned left = screen_size().ws_row;
	int error;

	if (!out)
		return -ENOMEM;
	fputs(GO_HOME, out);
	for (; *text && left > 0; left--) {
		size_t len = strcspn(text, "\n");

		fprintf(out, "%.*s" ERASE_LINE "%s", (int)len, text, left > 1 ? "\n" : "");
		text += len + (text[len] == '\n');
	}
	if (left > 0)
		fputs(ERASE_BELOW, out);
	error = fclose(out) == 0 ? file_write_all(STDOUT_FILENO, frame, size) : -ENOMEM;
	free(frame);
	return error;
}

static int draw(const struct snapshot *snapshot, const struct snapshot *before,
	const struct status_choice *choice)
{
	struct status_choice fitting = *choice;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int error;

	if (!out)
		return -ENOMEM;
	fitting.width = screen_size().ws_col - 1u;
	print_head(out, snapshot);
	status_print(out, snapshot, before, &fitting);
	error = fclose(out) == 0 ? show(text) : -ENOMEM;
	free(text);
	return error;
}

/* 1: it is over; 0: draw again; or a negative errno. */
static int wait_for_key(const struct screen *screen, uint64_t wait_ns)
{
	struct pollfd fds[] = { { STDIN_FILENO, POLLIN, 0 }, { screen->signals, POLLIN, 0 } };
	struct signalfd_siginfo info;
	char key;

	if (poll(fds, 2, (int)(wait_ns / NS_PER_MS)) < 0)
		return errno == EINTR ? 0 : -errno;
	while (read(screen->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo != SIGWINCH)
			return 1;
	if (!fds[0].revents)
		return 0;
	return read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q';
}

static int loop(const struct screen *screen, const struct places *places,
	const struct status_choice *choice, uint64_t interval_ns)
{
	struct snapshot before = { 0 }, snapshot = { 0 };
	int over = 0;

	while (over == 0) {
		snapshot_free(&before);
		before = snapshot;
		snapshot = (struct snapshot){ 0 };
		over = snapshot_take(&snapshot, places);
		if (over == 0)
			over = draw(&snapshot, &before, choice);
		if (over == 0)
			over = wait_for_key(screen, interval_ns);
	}
	snapshot_free(&before);
	snapshot_free(&snapshot);
	return over;
}

int top_run(const struct places *places, const struct status_choice *choice, uint64_t interval_ns)
{
	struct screen screen;
	int error;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		log_error("top draws on a terminal; status prints once");
		return STATUS_USAGE;
	}
	error = enter(&screen);
	if (!error) {
		error = loop(&screen, places, choice, interval_ns);
		leave(&screen);
	}
	if (error >= 0)
		return STATUS_OK;
	log_error("terminal: %s", reason(error));
	return STATUS_FAILURE;
}
