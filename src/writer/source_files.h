/* The files that a source's path or pattern stands for, the oldest first. */
#ifndef WRITER_SOURCE_FILES_H
#define WRITER_SOURCE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define LENGTH_UNKNOWN UINT64_MAX

struct source_file {
	char *path;
	dev_t device;
	ino_t inode;
	struct timespec changed;
	uint64_t start;  /* offset of its first byte */
	uint64_t length; /* to the next file's start; LENGTH_UNKNOWN: as yet, or still growing */
};

struct source_files {
	struct source_file *file;
	size_t count;
	bool pattern;
};

/* Adds those regular files at `path`, or matching it as a pattern of glob(7), that are not in the
 * list; files of one time come in the order of their names. Their number, or a negative errno. */
int source_files_find(struct source_files *files, const char *path);

void source_files_free(struct source_files *files);

#endif
