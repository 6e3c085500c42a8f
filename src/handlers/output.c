#include "handlers/output.h"
#include "base/clock.h"
#include "base/file.h"
#include "handlers/say.h"
#include "lines/place.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the output stood at a commit. The time of birth tells apart a new file that was given
 * the inode of a deleted one, which matters while there is no content to compare. */
struct mark {
	struct place place;
	uint64_t born; /* 0: the file system does not tell */
};

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strndup(path, slash > path ? (size_t)(slash - path) : 1);
}

int output_check(const char *path, char *reason, size_t size)
{
	struct stat st;
	char *directory;
	int error = 0;

	if (!path || path[0] != '/')
		return refuse(
			reason, size, -EINVAL, "%s: not an absolute path", path ? path : "(none)");
	if (stat(path, &st) == 0)
		return S_ISREG(st.st_mode)
			       ? 0
			       : refuse(reason, size, -EINVAL, "%s: not a regular file", path);
	directory = directory_of(path);
	if (!directory)
		return refuse(reason, size, -ENOMEM, "%s", strerror(ENOMEM));
	if (stat(directory, &st) < 0)
		error = refuse(reason, size, -errno, "%s: %s", directory, strerror(errno));
	free(directory);
	return error;
}

int sync_directory(const char *path, int fd)
{
	char *directory = directory_of(path);
	int error = 0, directory_fd;

	if (!directory)
		return -ENOMEM;
	directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(directory);
	/* We may be allowed to make files in a directory that we may not read. */
	if (directory_fd < 0)
		return syncfs(fd) < 0 ? -errno : 0;
	if (fsync(directory_fd) < 0)
		error = -errno;
	close(directory_fd);
	return error;
}

/* 1: `path` leads to the open file. 0, or a negative errno. */
static int is_at(const char *path, int fd)
{
	struct stat named, opened;

	if (fstat(fd, &opened) < 0)
		return -errno;
	if (stat(path, &named) < 0)
		return errno == ENOENT ? 0 : -errno;
	return file_is_same(&named, &opened);
}

static int lock(const char *path, int fd, char *reason, size_t size)
{
	struct stat st;
	int there;

	if (fstat(fd, &st) < 0)
		return refuse(reason, size, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse(reason, size, -EINVAL, "%s: not a regular file", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return refuse(reason, size, -errno, "%s: %s", path,
			errno == EWOULDBLOCK ? "used by another process" : strerror(errno));
	there = is_at(path, fd);
	if (there < 0)
		return refuse(reason, size, there, "%s: %s", path, strerror(-there));
	return there ? 0 : refuse(reason, size, -ESTALE, "%s: replaced while it was opened", path);
}

int output_open(struct output *output, const struct lk_settings *settings, const char *path,
	char *reason, size_t size)
{
	/* O_NONBLOCK: opening a FIFO must not wait for its reader. */
	int error, fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
			   0640);

	if (fd < 0)
		return refuse(reason, size, -errno, "%s: %s", path, strerror(errno));
	error = lock(path, fd, reason, size);
	if (!error) {
		error = sync_directory(path, fd);
		if (error)
			refuse(reason, size, error, "%s: %s", path, strerror(-error));
	}
	if (error) {
		close(fd);
		return error;
	}
	*output = (struct output){ .settings = settings, .path = path, .fd = fd };
	return 0;
}

static int mark_take(struct mark *mark, int fd)
{
	struct mark taken = { 0 };
	struct statx st;
	int error;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_SIZE | STATX_BTIME, &st) < 0)
		return -errno;
	if (st.stx_mask & STATX_BTIME)
		taken.born = (uint64_t)st.stx_btime.tv_sec * NS_PER_S + st.stx_btime.tv_nsec;
	error = place_take(&taken.place, fd, st.stx_size);
	if (!error)
		*mark = taken;
	return error;
}

static void mark_format(const struct mark *mark, char token[OUTPUT_TOKEN])
{
	char place[PLACE_TEXT];

	place_format(&mark->place, place);
	snprintf(token, OUTPUT_TOKEN, "%s@%" PRIx64, place, mark->born);
}

static int mark_parse(struct mark *mark, const char *token)
{
	char place[PLACE_TEXT];
	int end = 0;

	if (sscanf(token, "%159[^@]@%" SCNx64 "%n", place, &mark->born, &end) != 2 || token[end])
		return -EINVAL;
	return place_parse(&mark->place, place);
}

/* 1: `now` is the marked file, grown or not. A device number changes at a reboot. */
static int mark_fits(const struct mark *mark, const struct mark *now, int fd)
{
	if (now->place.inode != mark->place.inode || now->place.offset < mark->place.offset)
		return 0;
	if (now->born != mark->born)
		return 0;
	return place_fits(&mark->place, fd);
}

struct doubt {
	uint64_t from, end;  /* bytes in doubt */
	uint64_t lines, cut; /* complete lines among them, and where the last one ends */
};

static int count_doubt(struct doubt *doubt, int fd)
{
	char bytes[65536];

	doubt->lines = 0;
	doubt->cut = doubt->from;
	for (uint64_t offset = doubt->from; offset < doubt->end;) {
		ssize_t n = file_read_at(fd, bytes, sizeof(bytes), (off_t)offset);

		if (n <= 0)
			return (int)n;
		for (const char *at = bytes; (at = memchr(at, '\n', (size_t)(bytes + n - at)));) {
			doubt->lines++;
			doubt->cut = offset + (uint64_t)(++at - bytes);
		}
		offset += (uint64_t)n;
	}
	return 0;
}

/* Can all that is in doubt come again? Newlines may have been added; only then it has to be read.
 */
static int find_cut(struct doubt *doubt, int fd, const struct lk_resume *resume, bool *replays)
{
	uint64_t len = doubt->end - doubt->from;
	int error = 0;

	*replays = resume->replays && len <= resume->most;
	if (!*replays) {
		error = count_doubt(doubt, fd);
		*replays = resume->replays && len - doubt->lines <= resume->most;
	}
	if (*replays)
		doubt->cut = doubt->from;
	return error;
}

static int settle_doubt(struct output *output, struct doubt *doubt, const struct lk_resume *resume)
{
	bool replays;
	int error = find_cut(doubt, output->fd, resume, &replays);

	if (error)
		return error;
	if (doubt->cut < doubt->end && ftruncate(output->fd, (off_t)doubt->cut) < 0)
		return -errno;
	if (replays)
		tell(output->settings, LK_LOG_INFO,
			"%s: cut off %" PRIu64 " bytes after the last commit, they come again",
			output->path, doubt->end - doubt->from);
	else
		tell(output->settings, LK_LOG_WARNING,
			"%s: %" PRIu64 " lines (%" PRIu64
			" bytes) after the last commit stay and may be repeated",
			output->path, doubt->lines, doubt->cut - doubt->from);
	return 0;
}

static int resume_at(struct output *output, const struct lk_resume *resume)
{
	struct mark mark, now;
	struct doubt doubt;
	int fits, error = mark_take(&now, output->fd);

	if (error)
		return error;
	if (mark_parse(&mark, resume->token) < 0) {
		tell(output->settings, LK_LOG_WARNING,
			"%s: the last commit was not this handler's: only appended to",
			output->path);
		return 0;
	}
	fits = mark_fits(&mark, &now, output->fd);
	if (fits < 0)
		return fits;
	if (!fits) {
		tell(output->settings, LK_LOG_WARNING,
			"%s: not the file of the last commit: only appended to, what went to that "
			"one later may be repeated",
			output->path);
		return 0;
	}
	doubt = (struct doubt){ .from = mark.place.offset, .end = now.place.offset };
	return doubt.from < doubt.end ? settle_doubt(output, &doubt, resume) : 0;
}

int output_resume(struct output *output, const struct lk_resume *resume, char *reason, size_t size)
{
	int error = resume->token ? resume_at(output, resume) : 0;

	return error ? refuse(reason, size, error, "%s: %s", output->path, strerror(-error)) : 0;
}

int output_ends_torn(const struct output *output)
{
	off_t end = lseek(output->fd, 0, SEEK_END);
	ssize_t n;
	char last;

	if (end < 0)
		return -errno;
	if (end == 0)
		return 0;
	n = file_read_at(output->fd, &last, 1, end - 1);
	if (n < 0)
		return (int)n;
	return n == 1 && last != '\n';
}

enum lk_verdict output_verdict(struct output *output, int error, struct lk_result *result)
{
	switch (-error) {
	case 0:
		if (output->full)
			tell(output->settings, LK_LOG_INFO, "%s: can be written again",
				output->path);
		output->full = false;
		return LK_OK;
	case ENOSPC:
	case EDQUOT:
	case EIO:
		if (!output->full)
			tell(output->settings, LK_LOG_ERROR, "%s: %s: waiting", output->path,
				strerror(-error));
		output->full = true;
		return LK_LATER;
	case EAGAIN:
		return LK_LATER;
	default:
		return fail(result, "%s: %s", output->path, strerror(-error));
	}
}

int output_commit(struct output *output, char token[OUTPUT_TOKEN])
{
	struct mark mark = { 0 };
	int error;

	if (fdatasync(output->fd) < 0)
		return -errno;
	error = mark_take(&mark, output->fd);
	if (!error)
		mark_format(&mark, token);
	return error;
}

int output_reopen(struct output *output)
{
	struct output fresh;
	char reason[256];
	int there = is_at(output->path, output->fd);

	if (there == 1)
		return 0;
	if (fdatasync(output->fd) < 0)
		return -errno;
	if (output_open(&fresh, output->settings, output->path, reason, sizeof(reason)) < 0) {
		tell(output->settings, LK_LOG_ERROR, "%s; the old file stays in use", reason);
		return 0;
	}
	close(output->fd);
	*output = fresh;
	return 0;
}

void output_close(struct output *output)
{
	close(output->fd);
	output->fd = -1;
}
