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

/* Behind struct section's `settings`. */
struct tail_section {
	const struct tail_conf *tail;
	char *name, *text;
	char *files; /* what its files in the state directory are called */
	const char *state;
	uint64_t stop_timeout_ns;
};

/* Behind struct section_list's `config`. */
struct loaded {
	struct tailer_conf *conf;
	struct tail_section *sections;
	size_t count;
};

const struct tailer_conf *sections_conf(const struct section_list *list)
{
	return ((const struct loaded *)list->config)->conf;
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

static bool is_named(const char *name, const struct tail_conf *tail)
{
	return strcmp(name, tail->name) == 0 ||
	       (strncmp(name, "tail ", 5) == 0 && strcmp(name + 5, tail->name) == 0);
}

static bool is_chosen(const struct sections_choice *choice, const struct tail_conf *tail)
{
	for (int i = 0; i < choice->count; i++)
		if (is_named(choice->names[i], tail))
			return true;
	return choice->count == 0;
}

static bool all_found(const struct sections_choice *choice, const struct tailer_conf *conf)
{
	for (int i = 0; i < choice->count; i++) {
		size_t j = 0;

		while (j < conf->tail_count && !is_named(choice->names[i], &conf->tails[j]))
			j++;
		if (j == conf->tail_count) {
			log_error(
				"%s: there is no section \"%s\"", choice->config, choice->names[i]);
			return false;
		}
	}
	if (conf->tail_count == 0)
		log_error("%s: no tail section, nothing to do", choice->config);
	return conf->tail_count > 0;
}

static int add(struct loaded *loaded, const struct tail_conf *tail, const char *state)
{
	struct tail_section *section = &loaded->sections[loaded->count++];

	section->tail = tail;
	section->state = state;
	section->stop_timeout_ns = loaded->conf->common.stop_timeout_ns;
	section->text = tail_conf_text(tail);
	if (!section->text)
		return -ENOMEM;
	if (asprintf(&section->name, "tail %s", tail->name) < 0) {
		section->name = NULL;
		return -ENOMEM;
	}
	if (asprintf(&section->files, "tail-%s", tail->name) < 0) {
		section->files = NULL;
		return -ENOMEM;
	}
	return 0;
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
	tailer_conf_free(loaded->conf);
	free(loaded);
}

/* Takes over `conf`; NULL: out of memory. */
static struct loaded *new_loaded(struct tailer_conf *conf)
{
	struct loaded *loaded = calloc(1, sizeof(*loaded));

	if (!loaded) {
		tailer_conf_free(conf);
		return NULL;
	}
	loaded->conf = conf;
	loaded->sections = calloc(conf->tail_count + 1, sizeof(*loaded->sections));
	if (loaded->sections)
		return loaded;
	free_loaded(loaded);
	return NULL;
}

static int list_sections(struct loaded *loaded, struct section_list *list)
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

/* Takes over `conf`. */
static int make_list(struct tailer_conf *conf, const struct sections_choice *choice,
	const char *state, struct section_list *list)
{
	struct loaded *loaded = new_loaded(conf);
	int error = loaded ? 0 : -ENOMEM;

	for (size_t i = 0; !error && i < conf->tail_count; i++)
		if (is_chosen(choice, &conf->tails[i]))
			error = add(loaded, &conf->tails[i], state);
	if (!error)
		error = list_sections(loaded, list);
	if (error) {
		log_error("%s", reason(error));
		free_loaded(loaded);
	}
	return error;
}

int sections_load(void *context, struct section_list *list)
{
	const struct sections_choice *choice = context;
	struct tailer_conf *conf = tailer_conf_load(choice->config);
	int level;

	if (!conf)
		return -EINVAL;
	if (!all_found(choice, conf) || (choice->takes_sockets && passed_assign(conf) < 0) ||
		check(conf, choice->detached) < 0) {
		tailer_conf_free(conf);
		return -EINVAL;
	}
	level = choice->log_level >= 0 ? choice->log_level : conf->common.log_level;
	if (make_list(conf, choice, choice->state ? choice->state : conf->common.state, list) < 0)
		return -ENOMEM;
	log_set_level(level);
	return 0;
}

int sections_from(struct tailer_conf *conf, const char *state, struct section_list *list)
{
	const struct sections_choice all = { 0 };

	return make_list(conf, &all, state, list);
}

void sections_release(void *choice, struct section_list *list)
{
	(void)choice;
	free(list->section);
	free_loaded(list->config);
	*list = (struct section_list){ 0 };
}

static struct store_place place_of(const struct tail_section *section)
{
	return (struct store_place){ .state = section->state, .name = section->files };
}

int sections_run(void *choice, const struct section *section, struct worker *worker)
{
	const struct tail_section *settings = section->settings;
	const struct store_place place = place_of(settings);

	(void)choice;
	return loop_run(settings->tail, &place, settings->stop_timeout_ns, worker);
}

int sections_once(const struct section *section, bool flush)
{
	const struct tail_section *settings = section->settings;
	const struct store_place place = place_of(settings);

	return once_run(settings->tail, &place, flush);
}

int sections_pull(const struct section *section, const struct pull *pull)
{
	const struct tail_section *settings = section->settings;
	struct store_place place = place_of(settings);
	char *files;
	int status;

	if (asprintf(&files, "%s.pull", settings->files) < 0)
		return STATUS_FAILURE;
	place.name = files;
	status = pull_run(settings->tail, &place, settings->stop_timeout_ns, pull);
	free(files);
	return status;
}
