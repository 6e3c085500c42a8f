#include "config/job_conf.h"

#include "base/clock.h"
#include "config/strings.h"
#include "config/take.h"
#include "config/target_conf.h"
#include "config/text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STAMP_MAX 100

static const char *const overlap_names[] = { "skip", "queue", "kill", NULL };
static const char *const first_names[] = { "after", "now", NULL };
static const char *const yes_names[] = { "no", "yes", NULL };

static bool take_stamp(cfg_t *section, char **stamp)
{
	char text[STAMP_MAX];
	time_t now = 0;
	struct tm time;

	if (!take_text(section, "stamp", stamp) || !*stamp)
		return !cfg_getstr(section, "stamp");
	gmtime_r(&now, &time);
	if (clock_format(text, sizeof(text), *stamp, &time) == 0 || strchr(text, '\n'))
		return take_error(section, "stamp",
			"stamp = \"%s\": must be a format of strftime(3) that gives 1 to %d bytes "
			"without a newline",
			*stamp, STAMP_MAX - 1);
	return true;
}

bool job_conf_take(cfg_t *section, struct job_conf *job)
{
	int overlap, first, align;

	if (!take_place(section, &job->place) || !take_name(section, &job->name) ||
		!take_command(section, "command", &job->command) ||
		!target_conf_take(section, &job->target) || !take_needs(section, "interval") ||
		!take_duration(section, "interval", NS_PER_MS, &job->interval_ns) ||
		!take_duration(section, "timeout", 0, &job->timeout_ns) ||
		!take_choice(section, "overlap", overlap_names, &overlap) ||
		!take_choice(section, "first", first_names, &first) ||
		!take_choice(section, "align", yes_names, &align) ||
		!take_stamp(section, &job->stamp))
		return false;
	job->align = align == 1;
	job->overlap = (enum overlap)overlap;
	job->first_now = first == 1;
	return true;
}

void job_conf_write(const struct job_conf *job, FILE *out)
{
	text_open(out, "job", job->name);
	text_list(out, "command", job->command);
	text_string(out, "target", job->target);
	text_duration(out, "interval", job->interval_ns);
	text_duration(out, "timeout", job->timeout_ns);
	text_string(out, "overlap", overlap_names[job->overlap]);
	text_string(out, "first", first_names[job->first_now]);
	text_string(out, "align", yes_names[job->align]);
	text_string(out, "stamp", job->stamp);
	text_close(out);
}

char *job_conf_text(const struct job_conf *job)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	job_conf_write(job, out);
	fclose(out);
	return text;
}

void job_conf_free(struct job_conf *job)
{
	free(job->name);
	strings_free(job->command);
	free(job->stamp);
	free(job->target);
	free(job->place);
}
