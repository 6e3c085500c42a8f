#include "lines/candidates.h"
#include "base/clock.h"
#include "base/file.h"
#include "lines/unpack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int candidates_list(const struct stream *stream, const struct stat *live, const struct look *look,
	struct candidates *candidates)
{
	int error = siblings_list(
		stream->path, look->rules->rotated, look->listing, &candidates->siblings);
	const struct siblings *siblings = &candidates->siblings;

	/* We may be allowed to enter a directory that we may not list. */
	candidates->unlisted = error == -EACCES;
	if (error && !candidates->unlisted)
		return error;
	candidates->list = calloc(siblings->count + 1, sizeof(*candidates->list));
	if (!candidates->list)
		return -ENOMEM;
	/* One that was renamed, or linked, meanwhile is where it was first seen: at the live path.
	 */
	for (size_t i = 0; i < siblings->count; i++)
		if (!live || !file_is_same(&siblings->list[i].st, live))
			candidates->list[candidates->count++] =
				(struct candidate){ .path = siblings->list[i].path,
					.st = siblings->list[i].st };
	if (live)
		candidates->list[candidates->count++] =
			(struct candidate){ .path = stream->path, .st = *live, .live = true };
	return 0;
}

void candidates_free(struct candidates *candidates)
{
	siblings_free(&candidates->siblings);
	free(candidates->list);
}

bool candidate_same_inode(const struct logfile *file, const struct candidate *candidate)
{
	return candidate->st.st_ino == file->record.place.inode;
}

static bool was_touched(const struct candidate *candidate, const struct content *content)
{
	struct stat now;

	return content_stat(content, &now) == 0 &&
	       (now.st_size != candidate->st.st_size ||
		       clock_ns(&now.st_ctim) != clock_ns(&candidate->st.st_ctim));
}

/* Is a compressed file cut short, and was it written within the last `grace`, or while we looked at
 * it? Then it is being written, and what it will be cannot be told yet. */
static bool is_being_packed(
	const struct candidate *candidate, struct content *content, const struct look *look)
{
	uint64_t changed = clock_ns(&candidate->st.st_ctim);
	uint64_t size;
	bool cut;

	if (!content_packed(content))
		return false;
	cut = content_length(content, &size) == -EBADMSG;
	return was_touched(candidate, content) || /* asked last: whoever was faster shows */
	       (cut && changed + look->rules->grace_ns > clock_realtime_ns());
}

int candidate_open(const struct candidate *candidate, struct content **content)
{
	return content_open_same(
		candidate->path, candidate->st.st_dev, candidate->st.st_ino, content);
}

/* Does its content lead to the place where we are? */
static int content_fits(
	const struct logfile *file, const struct candidate *candidate, const struct look *look)
{
	const struct place *place = &file->record.place;
	struct content *content;
	int fits;

	if (!unpack_name(candidate->path) && (uint64_t)candidate->st.st_size < place->offset)
		return 0;
	fits = candidate_open(candidate, &content);
	if (fits < 0)
		return fits;
	fits = place_fits_content(place, content_read, content);
	if (fits == -EBADMSG)
		fits = 0;
	if (fits == 0 && is_being_packed(candidate, content, look))
		fits = -EAGAIN;
	content_close(content);
	return fits;
}

/* Nothing has been seen of the file: only the inode tells. One that was not compressed has not
 * become so in place. */
static bool unseen_fits(const struct logfile *file, const struct candidate *candidate)
{
	return logfile_leads_to(file, &candidate->st) && !file->displaced &&
	       (unpack_name(file->record.path) || !unpack_name(candidate->path));
}

int candidate_fits(
	const struct logfile *file, const struct candidate *candidate, const struct look *look)
{
	if (!place_seen(&file->record.place))
		return unseen_fits(file, candidate);
	return content_fits(file, candidate, look);
}

/* Compressors, and cp -p, keep the time of the last write; and copies are younger than that. */
static bool is_written_since(const struct candidate *candidate, uint64_t mtime_ns)
{
	return clock_ns(&candidate->st.st_mtim) + FILE_TICK_NS >= mtime_ns;
}

enum closeness { SAME_FILE, SAME_INODE, WRITTEN_SINCE, SAME_PATH, ANY_OTHER };

/* How good a candidate is to look at first. */
static enum closeness closeness(const struct logfile *file, const struct candidate *candidate)
{
	if (candidate_same_inode(file, candidate))
		return logfile_leads_to(file, &candidate->st) ? SAME_FILE : SAME_INODE;
	if (is_written_since(candidate, file->record.mtime_ns))
		return WRITTEN_SINCE;
	return strcmp(file->record.path, candidate->path) == 0 ? SAME_PATH : ANY_OTHER;
}

/* Several files may begin alike, with the same header. Where no inode decides, ours is the oldest
 * of those that were written since we saw it last. */
struct candidate *candidates_find_closed(const struct logfile *file, struct candidates *candidates,
	const struct look *look, int *error)
{
	for (enum closeness close = SAME_FILE; close <= ANY_OTHER; close++)
		for (size_t n = 0; n < candidates->count; n++) {
			size_t i = close == WRITTEN_SINCE ? n : candidates->count - 1 - n;
			struct candidate *candidate = &candidates->list[i];
			int fit;

			if (candidate->match || closeness(file, candidate) != close)
				continue;
			fit = candidate_fits(file, candidate, look);
			if (fit == 1)
				return candidate;
			if (fit < 0 && (fit != -EACCES || close <= SAME_INODE))
				*error = fit;
		}
	return NULL;
}

struct candidate *candidates_find_open(const struct logfile *file, struct candidates *candidates,
	const struct look *look, int *error)
{
	for (size_t i = 0; i < candidates->count; i++) {
		struct candidate *candidate = &candidates->list[i];

		if (!candidate->match && logfile_leads_to(file, &candidate->st))
			return candidate;
	}
	return place_seen(&file->record.place)
		       ? candidates_find_closed(file, candidates, look, error)
		       : NULL;
}

static bool shorter_copy(const struct logfile *file, const struct candidate *candidate)
{
	const struct place *place = &file->record.place;
	struct content *content;
	uint64_t size;
	bool is_copy;

	if (candidate->live || candidate->match || place->head_length < PLACE_WINDOW ||
		candidate_open(candidate, &content) < 0)
		return false;
	is_copy = place_head_fits(place, content_read, content) == 1 &&
		  content_length(content, &size) == 0 && size < place->offset;
	content_close(content);
	return is_copy;
}

struct candidate *candidates_find_shorter_copy(
	const struct logfile *file, struct candidates *candidates)
{
	for (size_t i = candidates->count; i-- > 0;)
		if (shorter_copy(file, &candidates->list[i]))
			return &candidates->list[i];
	return NULL;
}
