#include "ctl/http.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/status.h"
#include "ctl/metrics.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_NS (5 * NS_PER_S) /* for the whole head to come */
#define ANSWER_S 10               /* for the client to take some of the answer */
#define LINGER_NS (2 * NS_PER_S)

/* The request */

/* Waits for input: 1; 0 when the time is over; or a negative errno. */
static int wait_for_input(uint64_t until_ns)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	uint64_t now = clock_monotonic_ns();
	int ready;

	if (now >= until_ns)
		return 0;
	ready = poll(&in, 1, (int)((until_ns - now) / NS_PER_MS) + 1);
	return ready < 0 && errno != EINTR ? -errno : ready > 0;
}

/* Bytes; 0 at the end; -ETIMEDOUT; or another negative errno. */
static ssize_t read_some(char *buffer, size_t len, uint64_t until_ns)
{
	int ready = wait_for_input(until_ns);
	ssize_t n;

	if (ready <= 0)
		return ready < 0 ? ready : -ETIMEDOUT;
	n = read(STDIN_FILENO, buffer, len);
	return n < 0 ? -errno : n;
}

/* A lone LF is taken for a line's end, as RFC 9112, section 2.2 allows. */
static bool is_whole(const char *head)
{
	return strstr(head, "\n\r\n") || strstr(head, "\n\n");
}

/* 0 with a whole head; 408, 431 or 400; or a negative errno: nobody is there to answer to. */
static int read_head(char *head)
{
	uint64_t until = clock_monotonic_ns() + REQUEST_NS;
	size_t len = 0;

	head[0] = '\0';
	while (!is_whole(head)) {
		ssize_t n;

		if (len == HTTP_HEAD_MAX)
			return 431;
		n = read_some(head + len, HTTP_HEAD_MAX - len, until);
		if (n == -ETIMEDOUT)
			return 408;
		if (n < 0)
			return (int)n;
		if (n == 0)
			return len ? 400 : -ECONNRESET;
		if (memchr(head + len, '\0', (size_t)n))
			return 400;
		len += (size_t)n;
		head[len] = '\0';
	}
	return 0;
}

static char *next_line(char **rest)
{
	char *line = strsep(rest, "\n");
	size_t len = line ? strlen(line) : 0;

	if (len > 0 && line[len - 1] == '\r')
		line[len - 1] = '\0';
	return line;
}

static int check_version(const char *version, bool *needs_host)
{
	if (strncmp(version, "HTTP/", 5) != 0)
		return 400;
	if (strncmp(version, "HTTP/1.", 7) != 0 || strlen(version) != 8)
		return 505;
	*needs_host = version[7] != '0';
	return version[7] >= '0' && version[7] <= '9' ? 200 : 400;
}

/* In the form of a path, or absolute as proxies send it; a query changes nothing. */
static int check_target(const char *target)
{
	if (strncasecmp(target, "http://", 7) == 0)
		target += 7 + strcspn(target + 7, "/");
	else if (target[0] != '/')
		return 400;
	return strcspn(target, "?") == 8 && strncmp(target, "/metrics", 8) == 0 ? 200 : 404;
}

static int check_method(const char *name, enum http_method *method)
{
	*method = strcmp(name, "HEAD") == 0 ? HTTP_HEAD : HTTP_GET;
	return *method == HTTP_HEAD || strcmp(name, "GET") == 0 ? 200 : 405;
}

/* Every field is "Name: value"; exactly one of them names the host if that is wanted. */
static int check_fields(char *rest, bool needs_host)
{
	unsigned hosts = 0;
	const char *line;

	while ((line = next_line(&rest)) && *line) {
		size_t name = strcspn(line, ": \t");

		if (name == 0 || line[name] != ':')
			return 400;
		hosts += strncasecmp(line, "Host:", 5) == 0;
	}
	return hosts > 1 || (needs_host && hosts == 0) ? 400 : 200;
}

int http_parse(char *head, enum http_method *method)
{
	char *rest = head, *line = next_line(&rest);
	const char *name = strsep(&line, " "), *target = strsep(&line, " ");
	const char *version = strsep(&line, " ");
	bool needs_host = false;
	int status;

	*method = HTTP_GET;
	if (!version || line || !*name || !*target)
		return 400;
	status = check_version(version, &needs_host);
	if (status == 200)
		status = check_fields(rest, needs_host);
	if (status == 200)
		status = check_method(name, method);
	return status == 200 ? check_target(target) : status;
}

/* The answer */

static const char *phrase(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 408:
		return "Request Timeout";
	case 431:
		return "Request Header Fields Too Large";
	case 500:
		return "Internal Server Error";
	case 505:
		return "HTTP Version Not Supported";
	default:
		return "Bad Request";
	}
}

struct answer {
	int status;
	enum http_method method;
	const char *type;
	const char *body;
	size_t len;
};

static int send_answer(const struct answer *answer)
{
	char head[512];
	int len = snprintf(head, sizeof(head),
		"HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s"
		"Connection: close\r\n\r\n",
		answer->status, phrase(answer->status), answer->type, answer->len,
		answer->status == 405 ? "Allow: GET, HEAD\r\n" : "");
	int error = file_write_all(STDOUT_FILENO, head, (size_t)len);

	if (!error && answer->method != HTTP_HEAD)
		error = file_write_all(STDOUT_FILENO, answer->body, answer->len);
	return error;
}

static int send_text(int status, enum http_method method, const char *text)
{
	char body[600];
	int len = snprintf(body, sizeof(body), "%s\n", text);
	const struct answer answer = { status, method, "text/plain; charset=utf-8", body,
		(size_t)len };

	return send_answer(&answer);
}

static int send_metrics(const struct places *places, enum http_method method)
{
	struct answer answer = {
		.status = 200,
		.method = method,
		.type = "text/plain; version=0.0.4; charset=utf-8",
	};
	char *text, why[512];
	int error = metrics_text(places, &text, &answer.len, why, sizeof(why));

	if (error) {
		log_error("%s", why);
		return send_text(500, method, why);
	}
	answer.body = text;
	error = send_answer(&answer);
	free(text);
	return error;
}

/* Closing with unread input would reset the connection, and the answer could be lost on its way
 * (RFC 9112, section 9.6): so the client's end is waited for, but not for long. */
static void linger(void)
{
	uint64_t until = clock_monotonic_ns() + LINGER_NS;
	char rest[4096];

	if (shutdown(STDOUT_FILENO, SHUT_WR) < 0)
		return;
	while (read_some(rest, sizeof(rest), until) > 0)
		;
}

/* Who never reads the answer does not hold us for ever. */
static void limit_sending(void)
{
	const struct timeval limit = { .tv_sec = ANSWER_S };

	(void)setsockopt(STDOUT_FILENO, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	alarm(ANSWER_S * 2);
}

int http_serve(const struct places *places)
{
	char head[HTTP_HEAD_MAX + 1];
	enum http_method method = HTTP_GET;
	int error, status = read_head(head);

	if (status < 0)
		return STATUS_OK; /* the client has left */
	if (status == 0)
		status = http_parse(head, &method);
	limit_sending();
	error = status == 200 ? send_metrics(places, method)
			      : send_text(status, method, phrase(status));
	if (error)
		return STATUS_OK; /* as above */
	linger();
	return STATUS_OK;
}
