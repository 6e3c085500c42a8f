/* writer.conf(5), checked and complete: every value is in range, every default filled in. */
#ifndef CONFIG_WRITER_CONF_H
#define CONFIG_WRITER_CONF_H

#include "config/common_conf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum at_end { AT_END_WAIT, AT_END_LOOP, AT_END_EXIT };
enum catch_up { CATCH_UP_BURST, CATCH_UP_SKIP };
enum overlap { OVERLAP_SKIP, OVERLAP_QUEUE, OVERLAP_KILL };

/* Of a target by its writer. */
struct rotate_conf {
	size_t size;          /* before it grows beyond; 0: whatever its size */
	uint64_t interval_ns; /* 0: whatever its age */
	unsigned keep;        /* generations, at least 1 */
	bool copy;            /* by copying and truncating, not by renaming */
	bool compress;
};

struct replay_conf {
	char *name;
	char *source; /* absolute, may be a pattern; or "-" in the ad-hoc form: standard input */
	char *target; /* absolute, "unix:/path" or "tcp:host:port", or "-" in the ad-hoc form:
			 standard output */
	uint64_t interval_ns;       /* 0: as fast as it goes */
	uint64_t rate_lines;        /* a second; 0: see interval_ns */
	uint64_t rate_bytes;        /* likewise */
	bool by_stamps;             /* pace = "timestamps" */
	char *timestamp;            /* format, known name or "auto" */
	unsigned timestamp_column;  /* a word, from 1; 0: anywhere */
	char *timestamp_pattern;    /* of PCRE2; NULL: none */
	uint64_t speed_thousandths; /* of the pace, whichever it is */
	uint64_t max_gap_ns;
	bool restamp; /* with the time of writing */
	bool paused;
	enum catch_up catch_up;
	uint64_t burst_ns;      /* how much of a stall is made up for */
	char *record_start;     /* a pattern of PCRE2; NULL: each line is a record */
	uint64_t start_at;      /* a line; the first is 1 */
	uint64_t stop_lines;    /* 0: see stop_after_ns */
	uint64_t stop_after_ns; /* 0: never */
	uint64_t loops;         /* rounds through the source; 0: for ever */
	uint64_t loop_delay_ns;
	enum at_end at_end;
	struct rotate_conf rotate;
	char *file; /* where it was defined, for messages */
	int line;
};

struct job_conf {
	char *name;
	char **command;       /* NULL at the end; command[0] absolute */
	char *target;         /* absolute */
	uint64_t interval_ns; /* above 0 */
	uint64_t timeout_ns;  /* 0: none */
	enum overlap overlap;
	bool first_now; /* first = "now" */
	bool align;     /* to the wall clock */
	char *stamp;    /* before each line, a format of strftime(3); NULL: none */
	char *file;
	int line;
};

struct writer_conf {
	struct common_conf common;
	struct replay_conf *replays;
	size_t replay_count;
	struct job_conf *jobs;
	size_t job_count;
};

/* Reads FILE and its drop-ins, FILE.d/NAME.conf in order of name. NULL after logging what is
 * wrong as FILE:LINE: message. */
struct writer_conf *writer_conf_load(const char *file);

/* A replay section with every default, for the ad-hoc form (at_end = "exit"). NULL: out of memory.
 */
struct writer_conf *writer_conf_adhoc(const char *source, const char *target);

/* The effective configuration, readable by writer_conf_load() again. */
void writer_conf_dump(const struct writer_conf *conf, FILE *out);

/* One section as text: equal text, nothing changed. Caller frees. */
char *replay_conf_text(const struct replay_conf *replay);
char *job_conf_text(const struct job_conf *job);

void writer_conf_free(struct writer_conf *conf);

#endif
