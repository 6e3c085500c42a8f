/*
 * syslog: each line a datagram to the local system logger, in the form that syslog(3) sends
 * (RFC 3164 without the host, which the logger knows). Taken by its socket is accepted and
 * durable. Unlike with syslog(3), a logger that is away or busy loses nothing.
 *
 * Options: identifier (else the section's name), facility ("user"), level ("info"), socket
 * ("/dev/log").
 */
#define SYSLOG_NAMES

#include "handlers/builtin.h"
#include "handlers/say.h"
#include "handlers/settings.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

struct logger {
	const struct lk_settings *settings;
	const char *identifier;
	struct sockaddr_un address;
	int priority;
	int fd;    /* -1: not connected */
	bool away; /* has been reported */
};

static const char *option_or(
	const struct lk_settings *settings, const char *name, const char *otherwise)
{
	const char *value = lk_option(settings, name, NULL);

	return value ? value : otherwise;
}

/* The value of a name in one of the tables of <syslog.h>, -1 if it is not there. */
static int lookup(const CODE *table, const char *name)
{
	for (; table->c_name; table++) {
		if (strcmp(table->c_name, name) == 0)
			return table->c_val;
	}
	return -1;
}

static int logger_check(const struct lk_settings *settings, char *reason, size_t size)
{
	static const char *const names[] = { "identifier", "facility", "level", "socket", NULL };
	const char *facility = option_or(settings, "facility", "user");
	const char *level = option_or(settings, "level", "info");
	const char *socket_path = option_or(settings, "socket", _PATH_LOG);
	int value, error = only_options(settings, names, reason, size);

	if (error)
		return error;
	value = lookup(facilitynames, facility);
	if (value < 0 || (value & ~LOG_FACMASK))
		return refuse(reason, size, -EINVAL,
			"facility \"%s\": user, daemon, local0 ... see syslog(3)", facility);
	value = lookup(prioritynames, level);
	if (value < 0 || (value & ~LOG_PRIMASK))
		return refuse(reason, size, -EINVAL,
			"level \"%s\": debug, info, notice, warning, err, crit, alert or emerg",
			level);
	if (socket_path[0] != '/' ||
		strlen(socket_path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return refuse(reason, size, -EINVAL,
			"socket \"%s\": not an absolute path of at most 107 bytes", socket_path);
	return 0;
}

static int logger_open(const struct lk_settings *settings, const struct lk_resume *resume,
	void **state, char *reason, size_t size)
{
	struct logger *logger;
	int error = logger_check(settings, reason, size);

	(void)resume;
	if (error)
		return error;
	logger = malloc(sizeof(*logger));
	if (!logger)
		return refuse(reason, size, -ENOMEM, "%s", strerror(ENOMEM));
	*logger = (struct logger){ .settings = settings,
		.identifier = option_or(settings, "identifier", settings->section),
		.address = { .sun_family = AF_UNIX },
		.priority = lookup(facilitynames, option_or(settings, "facility", "user")) |
			    lookup(prioritynames, option_or(settings, "level", "info")),
		.fd = -1 };
	snprintf(logger->address.sun_path, sizeof(logger->address.sun_path), "%s",
		option_or(settings, "socket", _PATH_LOG));
	*state = logger;
	return 0;
}

static void disconnect(struct logger *logger)
{
	if (logger->fd >= 0)
		close(logger->fd);
	logger->fd = -1;
}

/* 0 when connected, else a negative errno. */
static int reach(struct logger *logger)
{
	if (logger->fd >= 0)
		return 0;
	logger->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (logger->fd < 0)
		return -errno;
	if (connect(logger->fd, (const struct sockaddr *)&logger->address,
		    sizeof(logger->address)) < 0) {
		int error = -errno;

		disconnect(logger);
		return error;
	}
	return 0;
}

static void report(struct logger *logger, int error)
{
	bool away = error && error != -EAGAIN;

	if (away && !logger->away)
		tell(logger->settings, LK_LOG_ERROR, "%s: %s: waiting for the system logger",
			logger->address.sun_path, strerror(-error));
	if (error == 0 && logger->away)
		tell(logger->settings, LK_LOG_INFO, "%s: the system logger is back",
			logger->address.sun_path);
	if (error != -EAGAIN)
		logger->away = away;
}

/* "<14>Nov 22 10:03:07 app: ", in English whatever the locale. */
static int header(const struct logger *logger, char *text, size_t size)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	return snprintf(text, size, "<%d>%.3s %2d %02d:%02d:%02d %.128s: ", logger->priority,
		months + 3 * tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		logger->identifier);
}

static int send_line(const struct logger *logger, struct iovec *head, const struct lk_line *line)
{
	struct iovec parts[] = { *head,
		{ .iov_base = (void *)(uintptr_t)line->data, .iov_len = line->len } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

	return sendmsg(logger->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

static enum lk_verdict logger_process(
	void *state, const struct lk_batch *batch, struct lk_result *result)
{
	struct logger *logger = state;
	char text[256];
	struct iovec head = { .iov_base = text };
	int error = reach(logger);

	head.iov_len = (size_t)header(logger, text, sizeof(text));
	for (; !error && result->accepted < batch->count; result->accepted++) {
		error = send_line(logger, &head, &batch->lines[result->accepted]);
		if (error)
			break;
	}
	if (error == -EMSGSIZE)
		return bad_line(result, "%s: %s", logger->address.sun_path, strerror(EMSGSIZE));
	report(logger, error);
	if (error && error != -EAGAIN)
		disconnect(logger);
	return error ? LK_LATER : LK_OK;
}

static enum lk_verdict logger_commit(void *state, struct lk_token *token, struct lk_result *result)
{
	(void)state, (void)token, (void)result;
	return LK_OK;
}

/* SIGHUP: a logger that was replaced may listen at a new socket. */
static enum lk_verdict logger_reopen(void *state, struct lk_result *result)
{
	(void)result;
	disconnect(state);
	return LK_OK;
}

static int logger_poll(void *state, short *events)
{
	const struct logger *logger = state;

	*events = POLLOUT;
	return logger->fd;
}

static void logger_close(void *state)
{
	disconnect(state);
	free(state);
}

const struct lk_handler syslog_handler = {
	.abi = LINEKEEPER_HANDLER_ABI,
	.name = "syslog",
	.check = logger_check,
	.open = logger_open,
	.process = logger_process,
	.commit = logger_commit,
	.reopen = logger_reopen,
	.poll = logger_poll,
	.close = logger_close,
};
