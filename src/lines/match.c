#include "lines/match.h"

#include <errno.h>

bool match_found(const struct logfile *file, const struct candidates *candidates)
{
	for (size_t i = 0; i < candidates->count; i++)
		if (candidates->list[i].match == file)
			return true;
	return false;
}

static void find(struct logfile *file, struct candidates *candidates, const struct look *look)
{
	int error = 0;
	struct candidate *candidate =
		file->content ? candidates_find_open(file, candidates, look, &error)
			      : candidates_find_closed(file, candidates, look, &error);

	if (candidate) {
		candidate->match = file;
	} else if (error == -ESTALE || (error && !file->content)) {
		candidates->error = error;
	} else if (file->displaced &&
		   (candidate = candidates_find_shorter_copy(file, candidates))) {
		candidate->match = file;
		candidate->shorter = true;
	}
}

/* A known file of which nothing was seen, and that is gone: it may have been filled and compressed
 * since. */
static bool unseen_missing(const struct stream *stream, const struct candidates *candidates)
{
	for (const struct logfile *file = stream->oldest; file; file = file->younger)
		if (!file->content && !file->record.ended && !place_seen(&file->record.place) &&
			!match_found(file, candidates))
			return true;
	return false;
}

bool match_needless(const struct stream *stream, const struct logfile *file,
	const struct candidates *candidates)
{
	for (const struct logfile *older = stream->oldest; older != file; older = older->younger)
		if (!older->record.ended)
			return false;
	if (!file->record.ended || unseen_missing(stream, candidates))
		return false;
	while ((file = file->younger))
		if (!file->unseen && match_found(file, candidates))
			return true;
	return false;
}

void match_all(struct stream *stream, struct candidates *candidates, const struct look *look)
{
	for (struct logfile *file = stream->oldest; file; file = file->younger)
		if (!file->record.ended && (file->content || place_seen(&file->record.place)))
			find(file, candidates, look);
	for (struct logfile *file = stream->oldest; file; file = file->younger)
		if (!file->record.ended && !file->content && !place_seen(&file->record.place))
			find(file, candidates, look);
	for (struct logfile *file = stream->oldest; file; file = file->younger)
		if (file->record.ended && place_seen(&file->record.place) &&
			!match_needless(stream, file, candidates))
			find(file, candidates, look);
}

size_t match_mark(const struct candidates *candidates)
{
	size_t i = 0;

	while (i < candidates->count && !candidates->list[i].match)
		i++;
	return i;
}

bool match_is_sure(const struct stream *stream, const struct candidates *candidates, size_t mark)
{
	return mark < candidates->count && !candidates->list[mark].match->unseen &&
	       !unseen_missing(stream, candidates);
}
