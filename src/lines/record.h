/*
 * What a checkpoint remembers of one file, and the account of its bytes. As text it is one line of
 * "key=value" words; paths are percent-encoded, for a file name may hold any byte but '/' and NUL.
 */
#ifndef LINES_RECORD_H
#define LINES_RECORD_H

#include "lines/place.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* Bytes, each counted in one field only, so that for a file that has been dealt with to its end
 * handed + refused + skipped + lost = the largest size seen. */
struct accounts {
	uint64_t handed;  /* accepted by the handler */
	uint64_t refused; /* bad lines, in the dead letter file */
	uint64_t skipped; /* left out on purpose: start = "end", long lines, runs of NULs */
	uint64_t lost;    /* gone before they could be read */
	uint64_t reread;  /* read again and thrown away, in none of the sums */
	uint64_t gaps;    /* times when more may have gone unseen */
};

void accounts_add(struct accounts *to, const struct accounts *from);

#define RECORD_ID 64

struct record {
	char id[RECORD_ID]; /* names the file for good, over renames, copies and restarts */
	char *path;         /* last seen here; owned */
	struct place place; /* everything before it is dealt with */
	uint64_t size;      /* the largest seen */
	uint64_t mtime_ns;  /* CLOCK_REALTIME, at the last look */
	struct accounts accounts;
	bool discarding; /* inside a long line whose rest is left out */
	bool nul_run;    /* begun anew by a truncation, and nothing but NULs since */
	bool ended;      /* nothing more is expected of it: it marks how far we have come */
};

/* Writes the record of a file that bears, or bore, the live path `stream`. */
void record_write(FILE *out, const struct record *record, const char *stream);

/* Reads such a line, in place. 0 with record->path and *stream the caller's to free; -EINVAL or
 * -ENOMEM. */
int record_read(char *line, struct record *record, char **stream);

/* Percent-encodes what is not printable ASCII, and '%' and ' ' too. */
void record_encode(FILE *out, const char *bytes, size_t len);

/* Back, in place: the length, or -EINVAL when it is not percent-encoded text. */
ssize_t record_decode(char *text);

/* The account of files that are over, under their live path. */
void record_write_total(FILE *out, const struct accounts *total, const char *stream);
int record_read_total(char *line, struct accounts *total, char **stream);

#endif
