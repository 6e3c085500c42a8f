/*
 * Read, then verify, then hand over: a bounded amount of one file, checked against the place that
 * the last reading left, split into lines. The lines point into the reader's buffer until the next
 * reading.
 */
#ifndef LINES_READER_H
#define LINES_READER_H

#include "lines/logfile.h"
#include "lines/splitter.h"

struct reader {
	char *buffer;
	size_t size;
	struct splitter splitter;
	size_t chunk; /* bytes that a reading should fill the splitter with */
};

struct reading {
	struct logfile *file;
	struct stretch stretch;
	struct split split;
	bool at_end;   /* there was nothing behind the stretch */
	uint64_t nuls; /* skipped at the start, see record.nul_run */
};

/* 0 or -ENOMEM. */
int reader_init(struct reader *reader, size_t max_line, enum long_line long_line);
void reader_free(struct reader *reader);

/* Reads on in an open file. 1: there is something to hand over or to account for, see
 * reader_accept(). 0: nothing for now; file->unread is cleared and file->partial is set. -ESTALE:
 * this is not the content that was read before. Else a negative errno. */
int reader_read(struct reader *reader, struct logfile *file, struct reading *reading);

/* Makes the unterminated end of the file a line. As reader_read(). */
int reader_read_partial(struct reader *reader, struct logfile *file, struct reading *reading);

/* The first `count` lines were accepted: the file's place moves behind them, to the end of the
 * reading if these were all. */
void reader_accept(const struct reader *reader, const struct reading *reading, size_t count);

/* Line number `index` of the reading, the first not accepted, was refused for good. */
void reader_refuse(const struct reader *reader, const struct reading *reading, size_t index);

#endif
