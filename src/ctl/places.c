#include "ctl/places.h"

#include "base/file.h"
#include "base/log.h"
#include "config/tailer_conf.h"
#include "config/writer_conf.h"
#include "daemon/stats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SYSTEM_RUN "/run/linekeeper"

static bool no_memory(void)
{
	log_error("%s", reason(-ENOMEM));
	return false;
}

int places_add_stats(struct places *places, const char *path)
{
	char **stats = reallocarray(places->stats, places->count + 1, sizeof(*stats));
	char *copy = strdup(path);

	if (stats)
		places->stats = stats;
	if (!stats || !copy) {
		free(copy);
		return -ENOMEM;
	}
	stats[places->count++] = copy;
	return 0;
}

int places_set_state(struct places *places, const char *path)
{
	char *copy = file_absolute(path);

	if (!copy)
		return -ENOMEM;
	free(places->state);
	places->state = copy;
	return 0;
}

static bool take(struct places *places, const struct common_conf *common)
{
	char *stats = stats_path(common->pidfile);
	bool taken = stats && places_add_stats(places, stats) == 0 &&
		     places_set_state(places, common->state) == 0;

	free(stats);
	return taken || no_memory();
}

static bool take_tailer(struct places *places, const char *file, bool *taken)
{
	struct tailer_conf *conf = tailer_conf_load(file);

	if (!conf)
		return false;
	*taken = take(places, &conf->common);
	tailer_conf_free(conf);
	return true;
}

static bool take_writer(struct places *places, const char *file, bool *taken)
{
	struct writer_conf *conf = writer_conf_load(file);

	if (!conf)
		return false;
	*taken = take(places, &conf->common);
	writer_conf_free(conf);
	return true;
}

/* Which of the two it is, only its content tells: the first try is a silent one. */
bool places_of_config(struct places *places, const char *file)
{
	char *path = file_absolute(file);
	bool taken = false, loaded;

	if (!path)
		return no_memory();
	log_set_level(LOG_CRIT);
	loaded = take_tailer(places, path, &taken) || take_writer(places, path, &taken);
	log_set_level(LOG_INFO);
	if (!loaded && strstr(strrchr(path, '/'), "writer"))
		take_writer(places, path, &taken);
	else if (!loaded)
		take_tailer(places, path, &taken);
	free(path);
	return taken;
}

static char *default_stats(const char *program)
{
	struct common_conf common = { 0 };
	char *path = NULL;

	if (common_conf_places(&common, program, "linekeeperctl"))
		path = stats_path(common.pidfile);
	common_conf_free(&common);
	return path;
}

static bool add_default(struct places *places, const char *program)
{
	char *own = default_stats(program), *system;
	bool added = own && asprintf(&system, SYSTEM_RUN "/%s.stats", program) >= 0;

	if (added) {
		bool seen = access(own, F_OK) == 0 || access(system, F_OK) < 0;

		added = places_add_stats(places, seen ? own : system) == 0;
		free(system);
	}
	free(own);
	return added;
}

bool places_complete(struct places *places)
{
	if (places->count > 0)
		return true;
	return add_default(places, "tailer") && add_default(places, "writer");
}

static char *default_state(void)
{
	struct common_conf common = { 0 };
	char *state = NULL;

	if (common_conf_places(&common, "tailer", "linekeeperctl"))
		state = strdup(common.state);
	common_conf_free(&common);
	return state;
}

char *places_state(const struct places *places)
{
	if (places->state)
		return strdup(places->state);
	for (size_t i = 0; i < places->count; i++) {
		struct stats stats = { .fd = -1 };
		struct stats_header header;
		bool alive;

		if (stats_open(&stats, places->stats[i], &alive) < 0)
			continue;
		stats_copy_header(&stats, &header);
		stats_close(&stats);
		if (strcmp(header.program, "linekeeper-tailer") == 0)
			return strdup(header.state_directory);
	}
	return default_state();
}

void places_free(struct places *places)
{
	for (size_t i = 0; i < places->count; i++)
		free(places->stats[i]);
	free(places->stats);
	free(places->state);
	*places = (struct places){ 0 };
}
