#include "tailer/sections.h"

#include "base/log.h"
#include "base/status.h"
#include "handlers/registry.h"
#include "tailer/loop.h"
#include "tailer/once.h"
#include "tailer/passed.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

const struct tailer_conf *sections_conf(const struct section_list *list)
{
	return list->config;
}

static int check_handler(const struct handler_conf *conf)
{
	const struct lk_handler *handler;
	struct lk_settings settings = {
		.section = "",
		.handler = conf->name,
		.options = (const char *const *)conf->options,
	};
	char why[512] = "";
	int error = handler_find(conf->type, conf->module, &handler, why, sizeof(why));

	if (!error && handler->check)
		error = handler->check(&settings, why, sizeof(why));
	if (error)
		log_error("%s: handler \"%s\": %s", conf->place, conf->name,
			why[0] ? why : reason(error));
	return error;
}

static int check_detached(const struct tail_conf *tail)
{
	if (strcmp(tail->handler->type, "print") != 0)
		return 0;
	log_error("%s: tail \"%s\": a daemon that detaches has no standard output to print to: "
		  "run it with -n, or choose another type of handler",
		tail->place, tail->name);
	return -EINVAL;
}

/* In a process of its own: a module is strange code, whose crash must not be the daemon's, and a
 * worker to come takes the file that is there by then only if the daemon does not hold this one. */
static int check_module(const struct handler_conf *conf)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* the pidfile's lock must not outlive us */
		_exit(check_handler(conf) < 0 ? STATUS_CONFIG : STATUS_OK);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0) {
		log_error("%s: cannot be checked: %s", conf->module, reason(-errno));
		return -EAGAIN;
	}
	if (WIFSIGNALED(status))
		log_error("%s: handler \"%s\": %s: killed by SIG%s while it was checked",
			conf->place, conf->name, conf->module, sigabbrev_np(WTERMSIG(status)));
	return status == 0 ? 0 : -EINVAL;
}

/* Is every handler there, and content with its settings? */
static int check(const struct tailer_conf *conf, bool detached)
{
	int error = 0;

	for (size_t i = 0; i < conf->handler_count; i++) {
		const struct handler_conf *handler = &conf->handlers[i];

		if ((handler->module ? check_module(handler) : check_handler(handler)) < 0)
			error = -EINVAL;
	}
	for (size_t i = 0; detached && i < conf->tail_count; i++)
		if (check_detached(&conf->tails[i]) < 0)
			error = -EINVAL;
	return error;
}

static int add_all(struct section_list *list, const struct tailer_conf *conf)
{
	int error = 0;

	list->stop_timeout_ns = conf->common.stop_timeout_ns;
	for (size_t i = 0; !error && i < conf->tail_count; i++) {
		const struct tail_conf *tail = &conf->tails[i];

		error = section_list_add(list, "tail", tail->name, tail_conf_text(tail), tail);
	}
	if (error)
		log_error("%s", reason(error));
	return error;
}

int sections_load(void *context, struct section_list *list)
{
	const struct sections_choice *choice = context;
	struct tailer_conf *conf = tailer_conf_load(choice->config);
	struct section_list loaded = { .config = conf };

	if (!conf)
		return -EINVAL;
	if (!common_conf_override(&conf->common, choice->pidfile, choice->state) ||
		(choice->takes_sockets && passed_assign(conf) < 0) || add_all(&loaded, conf) < 0 ||
		!section_list_choose(&loaded, choice->names, choice->count, choice->config) ||
		check(conf, choice->detached) < 0) {
		sections_release(context, &loaded);
		return -EINVAL;
	}
	log_set_level(choice->log_level >= 0 ? choice->log_level : conf->common.log_level);
	*list = loaded;
	return 0;
}

int sections_from(struct tailer_conf *conf, const char *state, struct section_list *list)
{
	*list = (struct section_list){ .config = conf };
	if (common_conf_override(&conf->common, NULL, state) && add_all(list, conf) == 0)
		return 0;
	sections_release(NULL, list);
	return -ENOMEM;
}

void sections_release(void *choice, struct section_list *list)
{
	(void)choice;
	section_list_free(list);
	tailer_conf_free(list->config);
	list->config = NULL;
}

static const struct common_conf *common_of(const struct section *section)
{
	return &((const struct tailer_conf *)section->config)->common;
}

int sections_run(void *choice, const struct section *section, struct worker *worker)
{
	const struct store_place place = { .state = worker->state, .name = section->files };

	(void)choice;
	return loop_run(section->settings, &place, common_of(section)->stop_timeout_ns, worker);
}

int sections_once(const struct section *section, bool flush)
{
	const struct store_place place = {
		.state = common_of(section)->state,
		.name = section->files,
	};

	return once_run(section->settings, &place, flush);
}

int sections_pull(const struct section *section, const struct pull *pull)
{
	struct store_place place = { .state = common_of(section)->state };
	char *files;
	int status;

	if (asprintf(&files, "%s.pull", section->files) < 0)
		return STATUS_FAILURE;
	place.name = files;
	status = pull_run(section->settings, &place, common_of(section)->stop_timeout_ns, pull);
	free(files);
	return status;
}
