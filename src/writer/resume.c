#include "writer/resume.h"

#include "base/file.h"
#include "writer/cut.h"

#include <string.h>

#define PIECE 16384

/* The two files from these offsets on, as far as they are the same. */
struct common {
	uint64_t bytes;
	uint64_t lines;
	uint64_t whole; /* bytes up to the last newline */
	char after[2];  /* the next byte of source and target */
	bool more[2];   /* is there one? */
};

static void add_piece(struct common *common, const char *data, size_t same)
{
	size_t whole = cut_whole(data, same);

	common->lines += cut_count(data, same);
	if (whole > 0)
		common->whole = common->bytes + whole;
	common->bytes += same;
}

static int compare(
	const struct resume_files *files, const uint64_t offset[2], struct common *common)
{
	char piece[2][PIECE];
	ssize_t n[2];
	size_t same;

	*common = (struct common){ 0 };
	do {
		n[0] = files->read(files->source, piece[0], PIECE, offset[0] + common->bytes);
		n[1] = file_read_at(
			files->target, piece[1], PIECE, (off_t)(offset[1] + common->bytes));
		if (n[0] < 0 || n[1] < 0)
			return (int)(n[0] < 0 ? n[0] : n[1]);
		same = 0;
		while ((ssize_t)same < n[0] && (ssize_t)same < n[1] &&
			piece[0][same] == piece[1][same])
			same++;
		add_piece(common, piece[0], same);
	} while (same == PIECE);
	for (int i = 0; i < 2; i++) {
		common->more[i] = (ssize_t)same < n[i];
		common->after[i] = common->more[i] ? piece[i][same] : '\0';
	}
	return 0;
}

/* The source has ended without a newline and the target got one. */
static bool newline_was_added(const struct common *common)
{
	return !common->more[0] && common->more[1] && common->after[1] == '\n' &&
	       common->bytes > common->whole;
}

int resume_by_growth(const struct checkpoint *checkpoint, const struct resume_files *files,
	struct position *position)
{
	uint64_t offset[2] = { checkpoint->position.offset, checkpoint->target.offset };
	struct common common;
	int r;

	*position = checkpoint->position;
	if (!checkpoint->has_target || files->target < 0)
		return 0;
	r = place_fits(&checkpoint->target, files->target);
	if (r <= 0)
		return r;
	r = compare(files, offset, &common);
	if (r < 0 || common.bytes == 0)
		return r;
	position->newline_added = newline_was_added(&common);
	position->lines += common.lines + position->newline_added;
	/* Behind a torn line that somebody else has written on, the line starts again. */
	position->offset +=
		common.more[1] && !position->newline_added ? common.whole : common.bytes;
	return 0;
}
