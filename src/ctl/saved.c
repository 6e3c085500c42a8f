#include "ctl/saved.h"

#include "base/clock.h"
#include "base/state.h"
#include "lines/unpack.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_LENGTH_MAX 64 /* as in tailer.conf(5) */
#define FILE_NAME_MAX (NAME_LENGTH_MAX + 32)

bool saved_is_name(const char *name)
{
	size_t len = 0;

	for (; name[len]; len++)
		if (!isalnum((unsigned char)name[len]) && !strchr("_.-", name[len]))
			return false;
	return len > 0 && len <= NAME_LENGTH_MAX && name[0] != '.';
}

static int file_name(char text[FILE_NAME_MAX], const char *name, const char *ending)
{
	if (!saved_is_name(name))
		return -EINVAL;
	snprintf(text, FILE_NAME_MAX, "tail-%s.%s", name, ending);
	return 0;
}

static int parse_line(struct saved *saved, char *line)
{
	if (!*line)
		return 0;
	if (strncmp(line, "token ", 6) != 0)
		return tracker_read_line(&saved->tracker, line);
	free(saved->token);
	saved->token = strdup(line + 6);
	return saved->token ? 0 : -ENOMEM;
}

static int parse(struct saved *saved, char *body)
{
	static char *const no_paths[] = { NULL };
	const struct stream_rules no_rules = { 0 };
	char *line;
	int error = tracker_init(&saved->tracker, no_paths, &no_rules, 0);

	while (!error && (line = strsep(&body, "\n")))
		error = parse_line(saved, line);
	return error == -EINVAL ? -EBADMSG : error;
}

int saved_read(int directory, const char *name, struct saved *saved)
{
	char file[FILE_NAME_MAX], *body;
	struct saved read = { 0 };
	int error = file_name(file, name, "checkpoint");

	if (error)
		return error;
	error = state_peek(directory, file, CHECKPOINT_KIND, &body);
	if (error)
		return error == -EINVAL ? -EBADMSG : error; /* a FIFO, a device */
	error = parse(&read, body);
	free(body);
	if (error)
		saved_free(&read);
	else
		*saved = read;
	return error;
}

static char *body_of(const struct saved *saved)
{
	char *body = NULL;
	size_t size;
	FILE *out = open_memstream(&body, &size);

	if (!out)
		return NULL;
	if (saved->token)
		fprintf(out, "token %s\n", saved->token);
	tracker_write(&saved->tracker, out);
	if (fclose(out) == 0)
		return body;
	free(body);
	return NULL;
}

int saved_write(int directory, const char *name, const struct saved *saved)
{
	char file[FILE_NAME_MAX], *body = body_of(saved);
	int error = body ? file_name(file, name, "checkpoint") : -ENOMEM;

	if (!error)
		error = state_save(directory, file, CHECKPOINT_KIND, body);
	free(body);
	return error;
}

void saved_free(struct saved *saved)
{
	free(saved->token);
	tracker_free(&saved->tracker);
	*saved = (struct saved){ 0 };
}

int saved_lock(int directory, const char *name)
{
	char file[FILE_NAME_MAX];
	int error = file_name(file, name, "lock");

	return error ? error : state_lock(directory, file);
}

int saved_remove(int directory, const char *name)
{
	char file[FILE_NAME_MAX];
	int error = file_name(file, name, "checkpoint");

	if (!error && (unlinkat(directory, file, 0) < 0 || fsync(directory) < 0))
		error = -errno;
	return error;
}

static uint64_t age_s(uint64_t now_ns, const struct timespec *then)
{
	uint64_t now_s = now_ns / NS_PER_S, then_s = (uint64_t)then->tv_sec;

	return now_s > then_s ? now_s - then_s : 0;
}

bool saved_lag(const struct record *record, uint64_t now_ns, struct lag *lag)
{
	const struct place *place = &record->place;
	struct stat st;

	if (unpack_name(record->path) || stat(record->path, &st) < 0 || st.st_ino != place->inode ||
		st.st_dev != place->device || (uint64_t)st.st_size < place->offset)
		return false;
	lag->bytes = (uint64_t)st.st_size - place->offset;
	lag->seconds = lag->bytes ? age_s(now_ns, &st.st_mtim) : 0;
	return true;
}
