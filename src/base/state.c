#include "base/state.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define STATE_MAX (256u << 20) /* far more than a checkpoint of a million files */
#define CHECKSUM "checksum "
#define CHECKSUM_LINE (sizeof(CHECKSUM) - 1 + 16 + 1)

int state_directory(const char *path)
{
	int remote, fd, error = file_make_directories(path, 0700);

	if (error)
		return error;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	remote = file_is_remote(fd);
	if (remote) {
		close(fd);
		return remote < 0 ? remote : -EREMOTE;
	}
	return fd;
}

int state_lock(int directory, const char *name)
{
	int fd = openat(directory, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

/* The checksum line for a text that comes in two parts, as "kind\nbody" does. */
static void format_checksum(char line[CHECKSUM_LINE + 1], const struct iovec *parts, int count)
{
	XXH3_state_t state;

	XXH3_64bits_reset(&state);
	for (int i = 0; i < count; i++)
		XXH3_64bits_update(&state, parts[i].iov_base, parts[i].iov_len);
	snprintf(line, CHECKSUM_LINE + 1, CHECKSUM "%016" PRIx64 "\n", XXH3_64bits_digest(&state));
}

int state_save(int directory, const char *name, const char *kind, const char *body)
{
	static char newline[] = "\n";
	char checksum[CHECKSUM_LINE + 1];
	struct iovec parts[] = {
		{ (char *)kind, strlen(kind) },
		{ newline, 1 },
		{ (char *)body, strlen(body) },
		{ checksum, CHECKSUM_LINE },
	};

	format_checksum(checksum, parts, 3);
	return file_replace(directory, name, parts, 4);
}

/* The text without kind and checksum, in place; NULL when it is damaged. */
static char *verified_body(char *text, size_t len, const char *kind)
{
	size_t kind_len = strlen(kind);
	char expected[CHECKSUM_LINE + 1];
	size_t end;

	if (len < kind_len + 1 + CHECKSUM_LINE || strncmp(text, kind, kind_len) != 0 ||
		text[kind_len] != '\n')
		return NULL;
	end = len - CHECKSUM_LINE;
	format_checksum(expected, &(struct iovec){ text, end }, 1);
	if (memcmp(text + end, expected, CHECKSUM_LINE) != 0 || memchr(text, '\0', end))
		return NULL;
	text[end] = '\0';
	return text + kind_len + 1;
}

static void remove_leftover(int directory, const char *name)
{
	char temporary[NAME_MAX + 1];

	if (snprintf(temporary, sizeof(temporary), "%s.tmp", name) < (int)sizeof(temporary))
		unlinkat(directory, temporary, 0);
}

int state_peek(int directory, const char *name, const char *kind, char **body)
{
	char *text = NULL, *found;
	size_t len = 0;
	int error = file_load_at(directory, name, STATE_MAX, &text, &len);

	if (error)
		return error;
	found = verified_body(text, len, kind);
	if (found)
		memmove(text, found, strlen(found) + 1);
	else
		free(text);
	if (!found)
		return -EBADMSG;
	*body = text;
	return 0;
}

int state_load(int directory, const char *name, const char *kind, char **body)
{
	remove_leftover(directory, name);
	return state_peek(directory, name, kind, body);
}

int state_set_aside(int directory, const char *name)
{
	char aside[NAME_MAX + 1];

	if (snprintf(aside, sizeof(aside), "%s.damaged", name) >= (int)sizeof(aside))
		return -ENAMETOOLONG;
	return renameat(directory, name, directory, aside) < 0 ? -errno : 0;
}
