#include "lines/listing.h"
#include "base/clock.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void listing_free(struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		free(listing->names[i]);
	free(listing->names);
	free(listing->directory);
	*listing = (struct listing){ 0 };
}

static int by_name(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static int read_names(struct listing *listing, DIR *directory)
{
	const struct dirent *entry;
	size_t size = 0;

	while (errno = 0, (entry = readdir(directory))) {
		if (listing->count == size) {
			char **names = reallocarray(listing->names, 2 * size + 16, sizeof(char *));

			if (!names)
				return -ENOMEM;
			listing->names = names;
			size = 2 * size + 16;
		}
		listing->names[listing->count] = strdup(entry->d_name);
		if (!listing->names[listing->count])
			return -ENOMEM;
		listing->count++;
	}
	if (errno)
		return -errno;
	if (listing->count)
		qsort(listing->names, listing->count, sizeof(char *), by_name);
	return 0;
}

/* A directory's time, unless another change may come that it would not show. */
static struct timespec settled(const struct timespec *mtime)
{
	return clock_ns(mtime) + FILE_TICK_NS < clock_realtime_ns() ? *mtime
								    : (struct timespec){ 0 };
}

static int read_listing(struct listing *listing, const char *path)
{
	struct listing made = { .directory = strdup(path) };
	DIR *directory = made.directory ? opendir(path) : NULL;
	int error = made.directory ? -errno : -ENOMEM;
	struct stat st;

	if (directory) {
		error = fstat(dirfd(directory), &st) < 0 ? -errno : 0;
		if (!error) {
			made.mtime = settled(&st.st_mtim);
			error = read_names(&made, directory);
		}
		closedir(directory);
	}
	if (error) {
		listing_free(&made);
		return error;
	}
	listing_free(listing);
	*listing = made;
	return 0;
}

int listing_refresh(struct listing *listing, const char *path)
{
	struct stat st;

	if (listing->directory && strcmp(listing->directory, path) == 0 && stat(path, &st) == 0 &&
		listing->mtime.tv_sec == st.st_mtim.tv_sec &&
		listing->mtime.tv_nsec == st.st_mtim.tv_nsec)
		return 0;
	return read_listing(listing, path);
}

size_t listing_lower_bound(const struct listing *listing, const char *name, size_t len)
{
	size_t low = 0, high = listing->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strncmp(listing->names[middle], name, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
