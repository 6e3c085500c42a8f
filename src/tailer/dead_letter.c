#include "tailer/dead_letter.h"

#include "base/clock.h"
#include "base/file.h"
#include "handlers/output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int dead_letter_open(struct dead_letter *dead_letter, const char *path)
{
	int fd;

	dead_letter->fd = -1;
	if (!path)
		return 0;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int error = -errno;

		close(fd);
		return error;
	}
	dead_letter->fd = fd;
	return sync_directory(path, fd);
}

static char *format(
	const struct record *record, const struct lk_line *line, const char *why, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	if (!out)
		return NULL;
	fprintf(out, "time=%" PRIu64 " file=%s path=", clock_realtime_ns() / NS_PER_S, record->id);
	record_encode(out, record->path, strlen(record->path));
	fprintf(out, " offset=%" PRIu64 " reason=", line->offset);
	record_encode(out, why, strlen(why));
	fputs(" line=", out);
	record_encode(out, line->data, line->len);
	fputc('\n', out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

/* Whole or not at all: what a full disk cut short is taken back. */
static int append(int fd, const char *text, size_t len)
{
	struct stat before;
	int error;

	if (fstat(fd, &before) < 0)
		return -errno;
	error = file_write_all(fd, text, len);
	if (!error && fdatasync(fd) < 0)
		error = -errno;
	if (error && ftruncate(fd, before.st_size) < 0)
		return -errno;
	return error;
}

int dead_letter_add(const struct dead_letter *dead_letter, const struct record *record,
	const struct lk_line *line, const char *why)
{
	size_t len = 0;
	char *text = format(record, line, why, &len);
	int error = text ? append(dead_letter->fd, text, len) : -ENOMEM;

	free(text);
	return error;
}

void dead_letter_close(struct dead_letter *dead_letter)
{
	if (dead_letter->fd >= 0)
		close(dead_letter->fd);
	dead_letter->fd = -1;
}
