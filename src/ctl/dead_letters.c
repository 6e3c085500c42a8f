#include "ctl/dead_letters.h"

#include "base/file.h"
#include "base/log.h"
#include "base/status.h"
#include "ctl/output.h"
#include "ctl/table.h"
#include "lines/record.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_MAX ((size_t)1 << 30)

/* Parsing */

/* The value behind the next " key=", decoded; its length, or -EINVAL. */
static ssize_t next_bytes(char **rest, const char *key, char **value)
{
	size_t len = strlen(key);
	char *word = strsep(rest, " ");

	if (!word || strncmp(word, key, len) != 0 || word[len] != '=')
		return -EINVAL;
	*value = word + len + 1;
	return record_decode(*value);
}

static int next_number(char **rest, const char *key, uint64_t *number)
{
	char *value, *end;

	if (next_bytes(rest, key, &value) <= 0 || !isdigit((unsigned char)*value))
		return -EINVAL;
	errno = 0;
	*number = strtoull(value, &end, 10);
	return *end || errno ? -EINVAL : 0;
}

int dead_line_parse(char *text, struct dead_line *dead)
{
	struct dead_line parsed;
	char *rest = text, *id;
	ssize_t len;

	if (next_number(&rest, "time", &parsed.time_s) || next_bytes(&rest, "file", &id) < 0 ||
		next_bytes(&rest, "path", &parsed.path) <= 0 ||
		next_number(&rest, "offset", &parsed.offset) ||
		next_bytes(&rest, "reason", &parsed.reason) < 0)
		return -EINVAL;
	len = next_bytes(&rest, "line", &parsed.line);
	if (len < 0 || rest)
		return -EINVAL;
	parsed.len = (size_t)len;
	*dead = parsed;
	return 0;
}

/* Calls `take` for each line of the text. The number of lines that are no dead letters, after
 * logging them; or a negative errno of take(). */
static int each_line(const char *file, char *text, size_t len,
	int (*take)(void *context, const struct dead_line *dead), void *context)
{
	char *end = text + len;
	int bad = 0, error = 0;

	for (unsigned number = 1; !error && text < end; number++) {
		char *newline = memchr(text, '\n', (size_t)(end - text));
		char *next = newline ? newline + 1 : end;
		struct dead_line dead;

		if (newline)
			*newline = '\0';
		if (!newline || strlen(text) < (size_t)(newline - text) ||
			dead_line_parse(text, &dead) < 0) {
			log_error("%s:%u: not a dead letter", file, number);
			bad++;
		} else {
			error = take(context, &dead);
		}
		text = next;
	}
	return error ? error : bad;
}

static int fail(const char *what, int error)
{
	log_error("%s: %s", what, error == -EINVAL ? "not a regular file" : reason(error));
	return error == -EACCES || error == -EPERM ? STATUS_PERMISSION : STATUS_FAILURE;
}

/* Listing */

static int add_row(void *context, const struct dead_line *dead)
{
	struct table *table = context;
	time_t seconds = (time_t)dead->time_s;
	struct tm local;
	char text[32] = "?";

	if (localtime_r(&seconds, &local))
		strftime(text, sizeof(text), "%F %T", &local);
	table_add(table, COLOUR_NONE, "%s", text);
	table_add(table, COLOUR_NONE, "%s", dead->path);
	table_add(table, COLOUR_NONE, "%" PRIu64, dead->offset);
	table_add(table, COLOUR_NONE, "%s", dead->reason);
	table_add_bytes(table, dead->line, dead->len);
	return 0;
}

static int list_file(const char *file, struct table *table)
{
	char *text;
	size_t len;
	int error = file_load(file, FILE_MAX, &text, &len);

	if (error)
		return fail(file, error);
	error = each_line(file, text, len, add_row, table);
	free(text);
	return error ? STATUS_FAILURE : STATUS_OK;
}

int dead_letters_list(char *const *files, size_t count)
{
	static const char *const headings[] = { "-TIME", "-FILE", "OFFSET", "-REASON", "-LINE",
		NULL };
	struct table table;
	int status = STATUS_OK;

	table_init(&table, headings);
	for (size_t i = 0; i < count; i++) {
		int one = list_file(files[i], &table);

		if (status == STATUS_OK)
			status = one;
	}
	if (table.count > 0)
		table_print(&table, stdout, false);
	table_free(&table);
	return output_finish() ? STATUS_FAILURE : status;
}

/* Retrying */

static int count_only(void *context, const struct dead_line *dead)
{
	(void)context, (void)dead;
	return 0;
}

static int put_line(void *context, const struct dead_line *dead)
{
	FILE *out = context;

	if (fwrite(dead->line, 1, dead->len, out) < dead->len || fputc('\n', out) == EOF)
		return errno ? -errno : -EIO;
	return 0;
}

/* An open file by a name. */
struct name {
	char path[32];
};

static struct name name_of(int fd)
{
	struct name name;

	snprintf(name.path, sizeof(name.path), "/proc/self/fd/%d", fd);
	return name;
}

/* Does it end in the middle of a line, as a retry that was killed leaves it? */
static bool ends_torn(int target)
{
	struct stat st;
	char last = '\n';
	int fd;

	if (fstat(target, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
		return false;
	fd = open(name_of(target).path, O_RDONLY | O_CLOEXEC); /* it is there for writing only */
	if (fd < 0)
		return false;
	if (file_read_at(fd, &last, 1, st.st_size - 1) < 0)
		last = '\n';
	close(fd);
	return last != '\n';
}

/* All lines in one piece, so that they stand together even where others append as well. */
static int decoded(const char *file, char *text, size_t len, bool torn, char **lines, size_t *size)
{
	FILE *out = open_memstream(lines, size);
	int error;

	if (!out)
		return -ENOMEM;
	if (torn)
		fputc('\n', out);
	error = each_line(file, text, len, put_line, out);
	if (fclose(out) != 0 && !error)
		error = -ENOMEM;
	if (error)
		free(*lines);
	return error;
}

/* A disk that has no room for all of it gets nothing: what it took would come again. */
static int reserve(int target, size_t size)
{
	struct stat st;

	if (size == 0 || fstat(target, &st) < 0 || !S_ISREG(st.st_mode) ||
		fallocate(target, FALLOC_FL_KEEP_SIZE, st.st_size, (off_t)size) == 0)
		return 0;
	return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? -errno : 0;
}

/* Durable, where that is possible: only then may the file be emptied. */
static int deliver(int target, const char *lines, size_t size)
{
	int error = reserve(target, size);

	if (!error)
		error = file_write_all(target, lines, size);
	if (!error && fsync(target) < 0 && errno != EINVAL && errno != EROFS)
		error = -errno;
	return error;
}

static int retry_loaded(const char *file, int fd, int target, char *text, size_t len)
{
	char *copy = malloc(len + 1), *lines;
	size_t size;
	int error;

	if (!copy)
		return fail(file, -ENOMEM);
	memcpy(copy, text, len);
	error = each_line(file, copy, len, count_only, NULL);
	free(copy);
	if (error) {
		log_error("%s: left as it is: move what is no dead letter out of it first", file);
		return STATUS_FAILURE;
	}
	error = decoded(file, text, len, ends_torn(target), &lines, &size);
	if (error)
		return fail(file, error);
	error = deliver(target, lines, size);
	free(lines);
	if (error)
		return fail("cannot be written to where it is to go", error);
	if (ftruncate(fd, 0) < 0 || fsync(fd) < 0)
		return fail(file, -errno);
	return STATUS_OK;
}

static bool is_same_file(int fd, int other)
{
	struct stat one, two;

	return fstat(fd, &one) == 0 && fstat(other, &two) == 0 && file_is_same(&one, &two);
}

static int retry_file(const char *file, int target)
{
	int fd = open(file, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), status, error;
	char *text;
	size_t len;

	if (fd < 0)
		return fail(file, -errno);
	if (is_same_file(fd, target)) {
		log_error("%s: its lines cannot go into itself", file);
		close(fd);
		return STATUS_FAILURE;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		log_error("%s: in use: stop the tailer first", file);
		close(fd);
		return STATUS_FAILURE;
	}
	error = file_load(name_of(fd).path, FILE_MAX, &text, &len);
	if (error) {
		status = fail(file, error);
	} else {
		status = retry_loaded(file, fd, target, text, len);
		free(text);
	}
	close(fd);
	return status;
}

int dead_letters_retry(char *const *files, size_t count, const char *target)
{
	int status = STATUS_OK, fd = STDOUT_FILENO;

	if (target)
		fd = open(target, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
	if (fd < 0)
		return fail(target, -errno);
	for (size_t i = 0; i < count; i++) {
		int one = retry_file(files[i], fd);

		if (status == STATUS_OK)
			status = one;
	}
	if (target)
		close(fd);
	return status;
}
