#include "lines/siblings.h"
#include "base/file.h"
#include "lines/content.h"
#include "lines/unpack.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longer runs of digits are dates (20261122) or epochs, not logrotate's count. */
#define NUMBER_DIGITS 5
#define DATE_DIGITS 8

static size_t count_digits(const char *text, size_t len)
{
	size_t count = 0;

	while (len > 0)
		count += isdigit((unsigned char)text[--len]) != 0;
	return count;
}

/* Does a mark of `len` bytes go on, with what dates are made of? A fraction, or a counter, comes
 * behind a whole date. */
static bool mark_goes_on(const char *text, size_t len)
{
	if (isdigit((unsigned char)text[len]))
		return true;
	if (!text[len] || !isdigit((unsigned char)text[len + 1]))
		return false;
	return strchr("-_:T", text[len]) ||
	       (text[len] == '.' && count_digits(text, len) >= DATE_DIGITS);
}

/* Length of a rotation mark, ".1" or "-20261122" or "-2026-11-22T10-00-00.000": '.' or '-', and a
 * number or date. 0 if `text` does not begin with one. "worker-1.log" is a log of its own: behind a
 * dash there is a date. */
static size_t mark_length(const char *text)
{
	size_t len = 1;

	if ((text[0] != '.' && text[0] != '-') || !isdigit((unsigned char)text[1]))
		return 0;
	while (mark_goes_on(text, len))
		len++;
	return text[0] == '-' && count_digits(text, len) <= NUMBER_DIGITS ? 0 : len;
}

static size_t length_unpacked(const char *name)
{
	return unpack_name(name) ? (size_t)(strrchr(name, '.') - name) : strlen(name);
}

/* Where the extension of a file name begins (its end, if it has none). */
static size_t stem_length(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && dot != name ? (size_t)(dot - name) : strlen(name);
}

/* The rotation mark in `name`, seen as made from `live`; NULL if it was not. */
static const char *find_mark(const char *name, const char *live)
{
	size_t len = length_unpacked(name), whole = strlen(live), stem = stem_length(live);
	size_t mark;

	if (strncmp(name, live, whole) == 0) {
		mark = mark_length(name + whole);
		if (mark && whole + mark == len)
			return name + whole;
	}
	if (strncmp(name, live, stem) == 0) {
		mark = mark_length(name + stem);
		if (mark && stem + mark + (whole - stem) == len &&
			strncmp(name + stem + mark, live + stem, whole - stem) == 0)
			return name + stem;
	}
	return NULL;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *siblings_live_name(const char *path, unsigned nth)
{
	const char *name = base_name(path);
	size_t directory = (size_t)(name - path), len = length_unpacked(name);

	for (size_t at = 1; at < len; at++) {
		size_t mark = mark_length(name + at);
		size_t after = at + mark;
		char *live;

		if (!mark || (after != len && name[after] != '.') || after > len)
			continue;
		if (nth-- > 0)
			continue;
		if (asprintf(&live, "%.*s%.*s%.*s", (int)directory, path, (int)at, name,
			    (int)(len - after), name + after) < 0)
			return NULL;
		return live;
	}
	return NULL;
}

static int add(struct siblings *siblings, const char *path)
{
	struct sibling *list, sibling;

	if (stat(path, &sibling.st) < 0)
		return errno == ENOENT || errno == ELOOP ? 0 : -errno;
	if (!S_ISREG(sibling.st.st_mode))
		return 0;
	list = reallocarray(siblings->list, siblings->count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	siblings->list = list;
	sibling.path = strdup(path);
	if (!sibling.path)
		return -ENOMEM;
	list[siblings->count++] = sibling;
	return 0;
}

static int add_from_listing(
	struct siblings *siblings, const struct listing *listing, const char *live)
{
	const char *name = base_name(live);
	size_t stem = stem_length(name);
	char path[PATH_MAX];
	int error = 0;

	for (size_t i = listing_lower_bound(listing, name, stem);
		!error && i < listing->count && strncmp(listing->names[i], name, stem) == 0; i++) {
		if (!find_mark(listing->names[i], name))
			continue;
		if (snprintf(path, sizeof(path), "%s%s", listing->directory, listing->names[i]) <
			(int)sizeof(path))
			error = add(siblings, path);
	}
	return error;
}

static int list_directory(struct siblings *siblings, const char *live, struct listing *listing)
{
	char path[PATH_MAX];
	int error;

	snprintf(path, sizeof(path), "%.*s", (int)(base_name(live) - live), live);
	error = listing_refresh(listing, path);
	if (error)
		return error == -ENOENT ? 0 : error;
	return add_from_listing(siblings, listing, live);
}

/* One pattern may name the siblings of several logs: a sibling's name begins with its log's. */
static bool belongs_to(const char *path, const char *live)
{
	const char *name = base_name(path), *live_name = base_name(live);
	size_t stem = stem_length(live_name);

	return strcmp(path, live) != 0 && strncmp(name, live_name, stem) == 0 &&
	       !isalnum((unsigned char)name[stem]);
}

static int list_pattern(struct siblings *siblings, const char *live, const char *pattern)
{
	glob_t found;
	int error = 0;

	switch (glob(pattern, GLOB_NOSORT, NULL, &found)) {
	case 0:
		break;
	case GLOB_NOMATCH:
		return 0;
	default:
		return -EIO;
	}
	for (size_t i = 0; !error && i < found.gl_pathc; i++)
		if (belongs_to(found.gl_pathv[i], live))
			error = add(siblings, found.gl_pathv[i]);
	globfree(&found);
	return error;
}

static int list_all(
	struct siblings *siblings, const char *live, char *const *patterns, struct listing *listing)
{
	int error = 0;

	if (!patterns || !patterns[0])
		return list_directory(siblings, live, listing);
	for (; !error && *patterns; patterns++)
		error = list_pattern(siblings, live, *patterns);
	return error;
}

static bool twins(const struct sibling *plain, const struct sibling *packed)
{
	size_t len = strlen(plain->path);

	return unpack_name(packed->path) && strncmp(plain->path, packed->path, len) == 0 &&
	       strlen(plain->path) == (size_t)(strrchr(packed->path, '.') - packed->path);
}

static bool has_plain_twin(const struct siblings *siblings, size_t i)
{
	for (size_t j = 0; j < siblings->count; j++)
		if (twins(&siblings->list[j], &siblings->list[i]))
			return true;
	return false;
}

static void drop_packed_twins(struct siblings *siblings)
{
	size_t kept = 0;

	for (size_t i = 0; i < siblings->count; i++)
		if (has_plain_twin(siblings, i))
			siblings->list[i].st.st_mode = 0;
	for (size_t i = 0; i < siblings->count; i++) {
		if (siblings->list[i].st.st_mode == 0)
			free(siblings->list[i].path);
		else
			siblings->list[kept++] = siblings->list[i];
	}
	siblings->count = kept;
}

struct ordered {
	struct sibling sibling;
	long long number; /* of PATH.N; -1: the name tells a date, or nothing */
	char date[40];    /* the name's, maybe with a counter: "2026-11-22-10" */
};

/* Dates are written in several ways, YYYYMMDD and YYYY-MM-DD among them; time and counter stay
 * apart, of any length. */
static void read_date(struct ordered *ordered, const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n + 1 < sizeof(ordered->date); i++)
		if (isdigit((unsigned char)text[i]))
			ordered->date[n++] = text[i];
		else if (n >= DATE_DIGITS)
			ordered->date[n++] = '.';
	ordered->date[n] = '\0';
}

static void read_mark(struct ordered *ordered, const char *live)
{
	const char *mark = find_mark(base_name(ordered->sibling.path), base_name(live));
	size_t len = mark ? mark_length(mark) : 0;

	ordered->number = -1;
	if (len == 0)
		return;
	if (count_digits(mark, len) <= NUMBER_DIGITS)
		ordered->number = atoll(mark + 1);
	else
		read_date(ordered, mark + 1, len - 1);
}

static int by_mtime(const struct timespec *a, const struct timespec *b)
{
	if (a->tv_sec != b->tv_sec)
		return a->tv_sec < b->tv_sec ? -1 : 1;
	return (a->tv_nsec > b->tv_nsec) - (a->tv_nsec < b->tv_nsec);
}

static int older_first(const void *left, const void *right)
{
	const struct ordered *a = left, *b = right;
	int order = 0;

	if (a->number >= 0 && b->number >= 0)
		order = (a->number < b->number) - (a->number > b->number);
	else if (a->number < 0 && b->number < 0 && a->date[0] && b->date[0])
		order = strverscmp(a->date, b->date);
	if (order == 0)
		order = by_mtime(&a->sibling.st.st_mtim, &b->sibling.st.st_mtim);
	return order ? order : strcmp(a->sibling.path, b->sibling.path);
}

static int sort(struct siblings *siblings, const char *live)
{
	struct ordered *ordered = calloc(siblings->count ? siblings->count : 1, sizeof(*ordered));

	if (!ordered)
		return -ENOMEM;
	for (size_t i = 0; i < siblings->count; i++) {
		ordered[i].sibling = siblings->list[i];
		read_mark(&ordered[i], live);
	}
	qsort(ordered, siblings->count, sizeof(*ordered), older_first);
	for (size_t i = 0; i < siblings->count; i++)
		siblings->list[i] = ordered[i].sibling;
	free(ordered);
	return 0;
}

static int collect(
	const char *live, char *const *patterns, struct listing *listing, struct siblings *siblings)
{
	struct siblings found = { 0 };
	int error = list_all(&found, live, patterns, listing);

	if (!error) {
		drop_packed_twins(&found);
		error = sort(&found, live);
	}
	if (error)
		siblings_free(&found);
	else
		*siblings = found;
	return error;
}

static bool are_same(const struct siblings *a, const struct siblings *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->list[i].path, b->list[i].path) != 0 ||
			!file_is_same(&a->list[i].st, &b->list[i].st))
			return false;
	return true;
}

/* A file that is renamed while we look from name to name may be missed. What is found twice alike
 * was there at a time between: the double collect of Afek and others, Atomic Snapshots of Shared
 * Memory, Journal of the ACM 40 (1993). */
int siblings_list(
	const char *live, char *const *patterns, struct listing *listing, struct siblings *siblings)
{
	struct siblings again = { 0 };
	int error = collect(live, patterns, listing, siblings);

	if (error)
		return error;
	error = collect(live, patterns, listing, &again);
	if (!error && !are_same(siblings, &again))
		error = -ESTALE;
	siblings_free(&again);
	if (error)
		siblings_free(siblings);
	return error;
}

void siblings_free(struct siblings *siblings)
{
	for (size_t i = 0; i < siblings->count; i++)
		free(siblings->list[i].path);
	free(siblings->list);
	*siblings = (struct siblings){ 0 };
}
