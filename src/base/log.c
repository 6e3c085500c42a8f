#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

/* Longer messages are cut: enough for two paths of PATH_MAX and a reason. */
#define MESSAGE_MAX 9000

/* As much the process's own as its standard error is: the one exception to "no global state". */
static struct {
	const char *program;
	enum log_target target;
	int level;
	int divert;
	char section[100];
} to = { "linekeeper", LOG_TO_STDERR, LOG_INFO, -1, "" };

/* systemd names the device and inode of the journal's stream, see JOURNAL_STREAM in
 * systemd.exec(5). */
static bool stderr_is_the_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void log_open(const char *program, enum log_target target)
{
	to.program = program;
	to.target = target;
	if (target == LOG_TO_SYSLOG)
		openlog(program, LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void log_set_level(int level)
{
	to.level = level;
}

void log_set_section(const char *section)
{
	snprintf(to.section, sizeof(to.section), "%s%s", section ? section : "",
		section ? ": " : "");
}

void log_divert(int fd)
{
	to.divert = fd;
}

/* One write(2) a message, so that processes sharing a descriptor do not mix their lines. */
static void write_line(int fd, const char *prefix, const char *text)
{
	char line[MESSAGE_MAX + 256];
	int len = snprintf(line, sizeof(line), "%s%s%s\n", prefix, to.section, text);

	if (len >= (int)sizeof(line)) {
		len = (int)sizeof(line) - 1;
		line[len - 1] = '\n';
	}
	if (write(fd, line, (size_t)len) < 0)
		return; /* nowhere left to say so */
}

static void log_to_stderr(int level, const char *text)
{
	char prefix[64];

	if (to.target == LOG_TO_AUTO && stderr_is_the_journal())
		snprintf(prefix, sizeof(prefix), "<%d>", level);
	else
		snprintf(prefix, sizeof(prefix), "%s: ", to.program);
	write_line(STDERR_FILENO, prefix, text);
}

static void log_message(int level, const char *text)
{
	char prefix[64];

	if (to.divert >= 0) {
		snprintf(prefix, sizeof(prefix), "%s: ", to.program);
		write_line(to.divert, prefix, text);
		return;
	}
	switch (to.target) {
	case LOG_TO_AUTO:
	case LOG_TO_STDERR:
		log_to_stderr(level, text);
		break;
	case LOG_TO_SYSLOG:
		syslog(level, "%s%s", to.section, text);
		break;
	case LOG_TO_JOURNAL:
		sd_journal_send("MESSAGE=%s%s", to.section, text, "PRIORITY=%d", level,
			"SYSLOG_IDENTIFIER=%s", to.program, NULL);
		break;
	case LOG_TO_NOTHING:
		break;
	}
}

/* A file may be called "a\nlinekeeper-tailer: all is well". */
static void make_printable(char *text)
{
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
}

static void __attribute__((format(printf, 2, 0)))
log_va(int level, const char *format, va_list arguments)
{
	int saved = errno;
	char text[MESSAGE_MAX];

	if (level <= to.level) {
		vsnprintf(text, sizeof(text), format, arguments);
		make_printable(text);
		log_message(level, text);
	}
	errno = saved;
}

#define DEFINE_LOG(name, level)                                                                    \
	void name(const char *format, ...)                                                         \
	{                                                                                          \
		va_list arguments;                                                                 \
                                                                                                   \
		va_start(arguments, format);                                                       \
		log_va(level, format, arguments);                                                  \
		va_end(arguments);                                                                 \
	}

DEFINE_LOG(log_error, LOG_ERR)
DEFINE_LOG(log_warning, LOG_WARNING)
DEFINE_LOG(log_info, LOG_INFO)
DEFINE_LOG(log_debug, LOG_DEBUG)

const char *reason(int error)
{
	return strerror(-error);
}
