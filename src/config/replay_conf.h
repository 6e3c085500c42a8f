/* A replay section: every value is in range, every default filled in. */
#ifndef CONFIG_REPLAY_CONF_H
#define CONFIG_REPLAY_CONF_H

#include "config/target_conf.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum at_end { AT_END_WAIT, AT_END_LOOP, AT_END_EXIT };
enum catch_up { CATCH_UP_BURST, CATCH_UP_SKIP };

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
	uint64_t start_line;    /* the first is 1; 0: see start_stamp */
	char *start_stamp;      /* the first line with this stamp, or a later one */
	uint64_t stop_lines;    /* 0: see stop_after_ns */
	uint64_t stop_after_ns; /* 0: never */
	uint64_t loops;         /* rounds through the source; 0: for ever */
	uint64_t loop_delay_ns;
	enum at_end at_end;
	struct rotate_conf rotate;
	char *place; /* FILE:LINE where it was defined, for messages; NULL: on the command line */
};

/* False after logging what is wrong. */
bool replay_conf_take(struct cfg_t *section, struct replay_conf *replay);

void replay_conf_write(const struct replay_conf *replay, FILE *out);

/* The section as text: equal text, nothing changed. Caller frees. */
char *replay_conf_text(const struct replay_conf *replay);

void replay_conf_free(struct replay_conf *replay);

#endif
