#include "writer/sections.h"

#include "base/log.h"
#include "base/status.h"
#include "writer/job.h"
#include "writer/replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Behind struct section's `settings`. Either a replay or a job. */
struct writer_section {
	const struct replay_conf *replay;
	const struct job_conf *job;
	char *name, *text;
	char *files; /* what its files in the state directory are called */
	const char *state;
	uint64_t patience_ns;
};

/* Behind struct section_list's `config`. */
struct loaded {
	struct writer_conf *conf;
	struct writer_section *sections;
	size_t count;
};

const struct writer_conf *sections_conf(const struct section_list *list)
{
	return ((const struct loaded *)list->config)->conf;
}

/* Named as the section's title, or with its kind before it. */
static bool is_chosen(const struct sections_choice *choice, const char *kind, const char *title)
{
	size_t length = strlen(kind);

	for (int i = 0; i < choice->count; i++) {
		const char *name = choice->names[i];

		if (strcmp(name, title) == 0 ||
			(strncmp(name, kind, length) == 0 && name[length] == ' ' &&
				strcmp(name + length + 1, title) == 0))
			return true;
	}
	return choice->count == 0;
}

static int add(struct loaded *loaded, const char *kind, const char *title,
	const struct writer_section *made)
{
	struct writer_section *section = &loaded->sections[loaded->count++];

	*section = *made;
	section->name = section->files = NULL;
	if (!section->text || asprintf(&section->name, "%s %s", kind, title) < 0)
		return -ENOMEM;
	return asprintf(&section->files, "%s-%s", kind, title) < 0 ? -ENOMEM : 0;
}

static int add_chosen(struct loaded *loaded, const struct sections_choice *choice)
{
	const struct writer_conf *conf = loaded->conf;
	struct writer_section section = {
		.state = choice->state ? choice->state : conf->common.state,
		.patience_ns = conf->common.stop_timeout_ns,
	};
	int r = 0;

	for (size_t i = 0; i < conf->replay_count && r == 0; i++) {
		section.replay = &conf->replays[i];
		if (!is_chosen(choice, "replay", section.replay->name))
			continue;
		section.text = replay_conf_text(section.replay);
		r = add(loaded, "replay", section.replay->name, &section);
	}
	section.replay = NULL;
	for (size_t i = 0; i < conf->job_count && r == 0; i++) {
		section.job = &conf->jobs[i];
		if (!is_chosen(choice, "job", section.job->name))
			continue;
		section.text = job_conf_text(section.job);
		r = add(loaded, "job", section.job->name, &section);
	}
	return r;
}

/* Every name on the command line must have found its section. */
static bool all_found(const struct loaded *loaded, const struct sections_choice *choice)
{
	for (int i = 0; i < choice->count; i++) {
		struct sections_choice one = *choice;
		bool found = false;

		one.names = &choice->names[i];
		one.count = 1;
		for (size_t j = 0; j < loaded->count && !found; j++) {
			const struct writer_section *section = &loaded->sections[j];

			found = section->replay ? is_chosen(&one, "replay", section->replay->name)
						: is_chosen(&one, "job", section->job->name);
		}
		if (!found) {
			log_error(
				"%s: there is no section \"%s\"", choice->config, choice->names[i]);
			return false;
		}
	}
	if (loaded->count == 0)
		log_error("%s: no replay or job section, nothing to do", choice->config);
	return loaded->count > 0;
}

static void free_loaded(struct loaded *loaded)
{
	if (!loaded)
		return;
	for (size_t i = 0; i < loaded->count; i++) {
		free(loaded->sections[i].name);
		free(loaded->sections[i].text);
		free(loaded->sections[i].files);
	}
	free(loaded->sections);
	if (loaded->conf)
		writer_conf_free(loaded->conf);
	free(loaded);
}

static int list_sections(struct section_list *list, struct loaded *loaded)
{
	struct section *sections = calloc(loaded->count + 1, sizeof(*sections));

	if (!sections)
		return -ENOMEM;
	for (size_t i = 0; i < loaded->count; i++)
		sections[i] = (struct section){
			.name = loaded->sections[i].name,
			.text = loaded->sections[i].text,
			.settings = &loaded->sections[i],
		};
	*list = (struct section_list){
		.section = sections,
		.count = loaded->count,
		.stop_timeout_ns = loaded->conf->common.stop_timeout_ns,
		.config = loaded,
	};
	return 0;
}

static int load(
	struct loaded *loaded, const struct sections_choice *choice, struct section_list *list)
{
	size_t most;
	int r;

	loaded->conf = writer_conf_load(choice->config);
	if (!loaded->conf)
		return -EINVAL;
	most = loaded->conf->replay_count + loaded->conf->job_count;
	loaded->sections = calloc(most + 1, sizeof(*loaded->sections));
	r = loaded->sections ? add_chosen(loaded, choice) : -ENOMEM;
	if (r == 0 && !all_found(loaded, choice))
		return -EINVAL;
	if (r == 0)
		r = list_sections(list, loaded);
	if (r < 0)
		log_error("%s: %s", choice->config, reason(r));
	return r;
}

int sections_load(void *context, struct section_list *list)
{
	const struct sections_choice *choice = context;
	struct loaded *loaded = calloc(1, sizeof(*loaded));
	int r = loaded ? load(loaded, choice, list) : -ENOMEM;

	if (r < 0) {
		free_loaded(loaded);
		return r;
	}
	log_set_level(choice->log_level >= 0 ? choice->log_level : loaded->conf->common.log_level);
	return 0;
}

void sections_release(void *choice, struct section_list *list)
{
	(void)choice;
	free(list->section);
	free_loaded(list->config);
	*list = (struct section_list){ 0 };
}

int sections_run(void *choice, const struct section *section, struct worker *worker)
{
	const struct writer_section *settings = section->settings;
	const struct replay_setup replay = {
		.conf = settings->replay,
		.section = settings->files,
		.state = settings->state,
		.patience_ns = settings->patience_ns,
	};
	const struct job_setup job = {
		.conf = settings->job,
		.section = settings->files,
		.state = settings->state,
		.patience_ns = settings->patience_ns,
	};

	(void)choice;
	return settings->replay ? replay_run(&replay, worker) : job_run(&job, worker);
}

int sections_serve(const struct section *section, struct worker *worker)
{
	const struct writer_section *settings = section->settings;
	char standard_output[] = "-";
	struct replay_conf conf;
	const struct replay_setup setup = {
		.conf = &conf, .section = section->name, .client = true
	};

	if (!settings->replay) {
		log_error("%s: only a replay can be served to a client", section->name);
		return STATUS_CONFIG;
	}
	conf = *settings->replay;
	conf.target = standard_output;
	conf.rotate = (struct rotate_conf){ 0 };
	if (conf.at_end == AT_END_WAIT)
		conf.at_end = AT_END_EXIT;
	return replay_run(&setup, worker);
}
