#include "writer/checkpoint.h"

#include "base/state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIND "linekeeper-replay 2"
#define NO_TARGET "-"

int checkpoint_save(int directory, const char *name, const struct checkpoint *checkpoint)
{
	char source[PLACE_TEXT], target[PLACE_TEXT] = NO_TARGET, *body;
	int r;

	place_format(&checkpoint->source, source);
	if (checkpoint->has_target)
		place_format(&checkpoint->target, target);
	if (asprintf(&body,
		    "source %s\ntarget %s\nlines %" PRIu64 "\nnewline-added %" PRIu64
		    "\nrounds %" PRIu64 "\n",
		    source, target, checkpoint->position.lines, checkpoint->position.newline_added,
		    checkpoint->position.rounds) < 0)
		return -ENOMEM;
	r = state_save(directory, name, KIND, body);
	free(body);
	return r;
}

_Static_assert(PLACE_TEXT == 160, "the widths in parse() leave room for the NUL");

static int parse(const char *body, struct checkpoint *checkpoint)
{
	char source[PLACE_TEXT], target[PLACE_TEXT];
	struct checkpoint read = { 0 };

	if (sscanf(body,
		    "source %159s target %159s lines %" SCNu64 " newline-added %" SCNu64
		    " rounds %" SCNu64,
		    source, target, &read.position.lines, &read.position.newline_added,
		    &read.position.rounds) != 5)
		return -EBADMSG;
	read.has_target = strcmp(target, NO_TARGET) != 0;
	if (place_parse(&read.source, source) < 0 ||
		(read.has_target && place_parse(&read.target, target) < 0))
		return -EBADMSG;
	read.position.offset = read.source.offset;
	*checkpoint = read;
	return 0;
}

int checkpoint_load(int directory, const char *name, struct checkpoint *checkpoint)
{
	char *body;
	int r = state_load(directory, name, KIND, &body);

	if (r < 0)
		return r;
	r = parse(body, checkpoint);
	free(body);
	return r;
}
