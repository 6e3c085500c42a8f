#include "writer/sections.h"

#include "base/log.h"
#include "base/status.h"
#include "writer/job.h"
#include "writer/replay.h"

#include <errno.h>
#include <string.h>

#define REPLAY "replay"
#define JOB "job"

const struct writer_conf *sections_conf(const struct section_list *list)
{
	return list->config;
}

static int add_all(struct section_list *list, const struct writer_conf *conf)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < conf->replay_count; i++) {
		const struct replay_conf *replay = &conf->replays[i];

		r = section_list_add(list, REPLAY, replay->name, replay_conf_text(replay), replay);
	}
	for (size_t i = 0; r == 0 && i < conf->job_count; i++) {
		const struct job_conf *job = &conf->jobs[i];

		r = section_list_add(list, JOB, job->name, job_conf_text(job), job);
	}
	if (r < 0)
		log_error("%s", reason(r));
	return r;
}

int sections_load(void *context, struct section_list *list)
{
	const struct sections_choice *choice = context;
	struct writer_conf *conf = writer_conf_load(choice->config);
	struct section_list loaded = { .config = conf };

	if (!conf)
		return -EINVAL;
	loaded.stop_timeout_ns = conf->common.stop_timeout_ns;
	if (!common_conf_override(&conf->common, choice->pidfile, choice->state) ||
		add_all(&loaded, conf) < 0 ||
		!section_list_choose(&loaded, choice->names, choice->count, choice->config)) {
		sections_release(context, &loaded);
		return -EINVAL;
	}
	log_set_level(choice->log_level >= 0 ? choice->log_level : conf->common.log_level);
	*list = loaded;
	return 0;
}

void sections_release(void *choice, struct section_list *list)
{
	(void)choice;
	section_list_free(list);
	writer_conf_free(list->config);
	list->config = NULL;
}

static bool is_replay(const struct section *section)
{
	return strcmp(section->kind, REPLAY) == 0;
}

int sections_run(void *choice, const struct section *section, struct worker *worker)
{
	const struct writer_conf *conf = section->config;
	const struct replay_setup replay = {
		.conf = section->settings,
		.section = section->files,
		.state = worker->state,
		.patience_ns = conf->common.stop_timeout_ns,
	};
	const struct job_setup job = {
		.conf = section->settings,
		.section = section->files,
		.state = worker->state,
		.patience_ns = conf->common.stop_timeout_ns,
	};

	(void)choice;
	return is_replay(section) ? replay_run(&replay, worker) : job_run(&job, worker);
}

int sections_serve(const struct section *section, struct worker *worker)
{
	char standard_output[] = "-";
	struct replay_conf conf;
	const struct replay_setup setup = {
		.conf = &conf, .section = section->name, .client = true
	};

	if (!is_replay(section)) {
		log_error("%s: only a replay can be served to a client", section->name);
		return STATUS_CONFIG;
	}
	conf = *(const struct replay_conf *)section->settings;
	conf.target = standard_output;
	conf.rotate = (struct rotate_conf){ 0 };
	if (conf.at_end == AT_END_WAIT)
		conf.at_end = AT_END_EXIT;
	return replay_run(&setup, worker);
}
