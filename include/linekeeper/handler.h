/*
 * The contract between linekeeper-tailer and what handles its lines.
 *
 * The built-in handlers stand behind it as well as modules (shared objects) do.
 * The smallest module needs LINEKEEPER_HANDLER() alone, at the end of this file.
 * The manual page is linekeeper-handler(3).
 *
 * Two words, meant the same way everywhere:
 *
 *   accepted  The handler has taken the line over and will not ask for it again
 *             in this life. Memory is enough.
 *   durable   Taken for good: the line need not come again after a crash of the
 *             handler, of the tailer, or of both.
 *
 * The life of a handler, all calls from one thread of one process:
 *
 *   check()                      with -t, at start and on reload; opens nothing
 *   open()  commit()             then any number of
 *     process() ... commit()     batches, each commit saved in the checkpoint
 *     commit() reopen() commit() on SIGHUP
 *     attend()               when its own descriptor asks for it
 *   close()
 *
 * A commit is saved before anything else is called (or that has failed, and been logged). After a
 * crash the lines processed since the last saved commit come again, in the same order per file,
 * unless their bytes have left the disk.
 */
#ifndef LINEKEEPER_HANDLER_H
#define LINEKEEPER_HANDLER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when a module built against an older header would no longer work. */
#define LINEKEEPER_HANDLER_ABI 1

enum lk_line_flags {
	LK_LINE_NEWLINE = 1 << 0,   /* data[len] is the '\n' that ended the line */
	LK_LINE_CONTINUES = 1 << 1, /* a piece of a line over max_line: the rest follows */
	LK_LINE_TRUNCATED = 1 << 2, /* the rest of this line was left out (long_line) */
};

/* A line. Its bytes belong to the tailer and are gone when process() returns. */
struct lk_line {
	const char *data; /* not NUL-terminated; may hold any byte but '\n' */
	size_t len;       /* bytes, without the newline; a '\r' before it is kept */
	uint64_t offset;  /* of data[0] in the (uncompressed) file */
	uint32_t flags;   /* enum lk_line_flags */
};

/* Lines of one file, in order. file_id and offset together name a line for good. */
struct lk_batch {
	const char *section; /* name of the tail section */
	const char *path;    /* where the file was last seen */
	const char *file_id; /* stable over renames and restarts; no white space */
	const struct lk_line *lines;
	size_t count; /* at least 1 */
};

enum lk_verdict {
	LK_OK,     /* process: all lines accepted; commit: all accepted lines are durable */
	LK_LATER,  /* process: the first `accepted` lines only, the rest later; commit: not yet */
	LK_BAD,    /* process: lines[accepted] can never be handled, `reason` says why */
	LK_FAILED, /* the handler is broken, `reason` says why: it is closed, the section starts
		      anew from the last saved commit */
	LK_DONE,   /* process, attend: no more lines are wanted, as when the only client has left;
		      process: the first `accepted` were. They are committed, and the section
		      ends in good order */
};

struct lk_result {
	size_t accepted;  /* set by process() for LK_LATER, LK_BAD and LK_DONE; 0 on entry */
	char reason[256]; /* set for LK_BAD and LK_FAILED; "" on entry */
};

/* What a handler wants to find again after a restart: one line of printable text. */
struct lk_token {
	char text[1024]; /* NUL-terminated, "" on entry */
};

enum lk_log_level { LK_LOG_ERROR = 3, LK_LOG_WARNING = 4, LK_LOG_INFO = 6, LK_LOG_DEBUG = 7 };

/* Valid until close() returns. */
struct lk_settings {
	const char *section;        /* name of the tail section */
	const char *handler;        /* title of the handler section */
	const char *const *options; /* "name=value", NULL at the end; see lk_option() */
	void (*log)(enum lk_log_level level, const char *message);

	/* Shows a figure of the handler's own in the daemon's .stats file, beside the section's.
	 * Of [a-z_], 47 bytes at most; the name of a counter, which only grows, ends in "_total".
	 */
	void (*figure)(const struct lk_settings *settings, const char *name, uint64_t value);
};

/* What is known of the handler's earlier life. */
struct lk_resume {
	const char *token; /* of the last saved commit, NULL in the section's first life */
	int replays;       /* 1: every input has been found again at the place the token stands
			      for, all that was processed after it will come again */
	uint64_t most;     /* bytes of lines that can come again; UINT64_MAX: not known */
};

struct lk_handler {
	uint32_t abi;     /* LINEKEEPER_HANDLER_ABI */
	const char *name; /* as in the configuration's `type` */

	/* Are these settings usable? 0, or a negative errno with the reason. May be NULL. */
	int (*check)(const struct lk_settings *settings, char *reason, size_t size);

	/* 0 with *state set, or a negative errno with the reason. */
	int (*open)(const struct lk_settings *settings, const struct lk_resume *resume,
		void **state, char *reason, size_t size);

	/* Takes lines over, see enum lk_verdict. Should not block: LK_LATER with poll() lets
	 * the tailer answer signals meanwhile. */
	enum lk_verdict (*process)(
		void *state, const struct lk_batch *batch, struct lk_result *result);

	/* Makes all accepted lines durable and fills the token. LK_OK, LK_LATER or LK_FAILED.
	 * Nothing is handed over between a LK_LATER and the LK_OK that follows it. */
	enum lk_verdict (*commit)(void *state, struct lk_token *token, struct lk_result *result);

	/* SIGHUP: opens by name again what may have been renamed. May be NULL. */
	enum lk_verdict (*reopen)(void *state, struct lk_result *result);

	/* After LK_LATER: the descriptor and poll(2) events to wait for, or -1. The call that said
	 * so is repeated when they have come, after a second at the latest; without a descriptor
	 * after 50 ms. May be NULL. */
	int (*poll)(void *state, short *events);

	/* Frees the state. What was not committed may be dropped: it comes again. */
	void (*close)(void *state);

	/* Work that no line brings: a client comes, a reader leaves. With attend(), poll() is
	 * asked after every call, not only after LK_LATER; its descriptor stays the same for
	 * life (that of an epoll(7) set stands for any number), and when its events have come,
	 * attend() is called, or the call that said LK_LATER repeated. Must not block. LK_OK,
	 * LK_DONE or LK_FAILED. May be NULL. */
	enum lk_verdict (*attend)(void *state, struct lk_result *result);
};

/* The value of option `name`, NULL if it is not set; *from says where to search on, for
 * options given several times (start with 0, may be NULL). */
static inline const char *lk_option(
	const struct lk_settings *settings, const char *name, size_t *from)
{
	size_t i = from ? *from : 0, len = strlen(name);

	for (; settings->options && settings->options[i]; i++) {
		const char *option = settings->options[i];

		if (strncmp(option, name, len) != 0 || option[len] != '=')
			continue;
		if (from)
			*from = i + 1;
		return option + len + 1;
	}
	return NULL;
}

#define LINEKEEPER_EXPORT __attribute__((visibility("default")))

/* What a module exports. */
LINEKEEPER_EXPORT extern const struct lk_handler linekeeper_handler;

/*
 * A handler that is one function,
 *
 *   enum lk_verdict process_line(const struct lk_batch *batch, const struct lk_line *line);
 *
 * and keeps nothing between its calls says LINEKEEPER_HANDLER("name", process_line), and no
 * more. The function returns LK_OK when the line is durable, LK_LATER, LK_BAD or LK_FAILED.
 */
#define LINEKEEPER_HANDLER(handler_name, process_line)                                             \
	static int lk_simple_open(const struct lk_settings *settings,                              \
		const struct lk_resume *resume, void **state, char *reason, size_t size)           \
	{                                                                                          \
		(void)settings, (void)resume, (void)reason, (void)size;                            \
		*state = NULL;                                                                     \
		return 0;                                                                          \
	}                                                                                          \
	static enum lk_verdict lk_simple_process(                                                  \
		void *state, const struct lk_batch *batch, struct lk_result *result)               \
	{                                                                                          \
		(void)state;                                                                       \
		for (; result->accepted < batch->count; result->accepted++) {                      \
			enum lk_verdict verdict =                                                  \
				process_line(batch, &batch->lines[result->accepted]);              \
			if (verdict != LK_OK)                                                      \
				return verdict;                                                    \
		}                                                                                  \
		return LK_OK;                                                                      \
	}                                                                                          \
	static enum lk_verdict lk_simple_commit(                                                   \
		void *state, struct lk_token *token, struct lk_result *result)                     \
	{                                                                                          \
		(void)state, (void)token, (void)result;                                            \
		return LK_OK;                                                                      \
	}                                                                                          \
	static void lk_simple_close(void *state)                                                   \
	{                                                                                          \
		(void)state;                                                                       \
	}                                                                                          \
	const struct lk_handler linekeeper_handler = { LINEKEEPER_HANDLER_ABI, handler_name, NULL, \
		lk_simple_open, lk_simple_process, lk_simple_commit, NULL, NULL, lk_simple_close,  \
		NULL }

#ifdef __cplusplus
}
#endif

#endif
