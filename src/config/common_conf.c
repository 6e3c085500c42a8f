#include "config/common_conf.h"

#include "config/take.h"
#include "config/text.h"
#include "config/units.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const log_names[] = { "auto", "stderr", "syslog", "journal", NULL };
static const char *const level_names[] = { "error", "warning", "info", "debug", NULL };
static const int levels[] = { LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

static bool take_user(cfg_t *tree, struct common_conf *common)
{
	if (!take_text(tree, "user", &common->user) || !take_text(tree, "group", &common->group))
		return false;
	if (common->user && !getpwnam(common->user))
		return take_error(tree, "user", "there is no user \"%s\"", common->user);
	if (common->group && !getgrnam(common->group))
		return take_error(tree, "group", "there is no group \"%s\"", common->group);
	if (common->group && !common->user)
		return take_error(tree, "group", "a group needs a user too");
	return true;
}

static bool take_log(cfg_t *tree, struct common_conf *common)
{
	int target, level;

	if (!take_choice(tree, "log", log_names, &target) ||
		!take_choice(tree, "log_level", level_names, &level))
		return false;
	common->log = (enum log_target)target;
	common->log_level = levels[level];
	return true;
}

bool common_conf_take(cfg_t *tree, struct common_conf *common)
{
	return take_user(tree, common) && take_path(tree, "pidfile", &common->pidfile) &&
	       take_path(tree, "state", &common->state) && take_log(tree, common) &&
	       take_duration(tree, "stop_timeout", 0, &common->stop_timeout_ns);
}

/* A relative path in these is to be ignored (XDG Base Directory Specification). */
static const char *absolute_variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value == '/' ? value : NULL;
}

static char *default_state(void)
{
	const char *state = absolute_variable("XDG_STATE_HOME"), *home = absolute_variable("HOME");
	char *path = NULL;
	int len = -1;

	if (geteuid() == 0)
		return strdup("/var/lib/linekeeper");
	if (state)
		len = asprintf(&path, "%s/linekeeper", state);
	else if (home)
		len = asprintf(&path, "%s/.local/state/linekeeper", home);
	return len < 0 ? NULL : path;
}

static char *default_pidfile(const char *state, const char *program)
{
	const char *run = absolute_variable("XDG_RUNTIME_DIR");
	char *path;
	int len;

	if (geteuid() == 0)
		len = asprintf(&path, "/run/linekeeper/%s.pid", program);
	else if (run)
		len = asprintf(&path, "%s/linekeeper/%s.pid", run, program);
	else
		len = asprintf(&path, "%s/%s.pid", state, program);
	return len < 0 ? NULL : path;
}

bool common_conf_places(struct common_conf *common, const char *program, const char *file)
{
	if (!common->state)
		common->state = default_state();
	if (!common->state) {
		log_error("%s: state must be set: neither HOME nor XDG_STATE_HOME tells a default",
			file);
		return false;
	}
	if (!common->pidfile)
		common->pidfile = default_pidfile(common->state, program);
	return common->pidfile || take_no_memory();
}

static bool override(char **value, const char *instead)
{
	char *copy = instead ? strdup(instead) : NULL;

	if (!instead)
		return true;
	if (!copy)
		return take_no_memory();
	free(*value);
	*value = copy;
	return true;
}

bool common_conf_override(struct common_conf *common, const char *pidfile, const char *state)
{
	return override(&common->pidfile, pidfile) && override(&common->state, state);
}

static void dump_string(FILE *out, const char *key, const char *value)
{
	if (!value)
		return;
	fprintf(out, "%s = ", key);
	text_quoted(out, value);
	putc('\n', out);
}

void common_conf_dump(const struct common_conf *common, FILE *out)
{
	char stop_timeout[32];
	int level = 0;

	while (levels[level] != common->log_level)
		level++;
	duration_format(common->stop_timeout_ns, stop_timeout);
	dump_string(out, "user", common->user);
	dump_string(out, "group", common->group);
	dump_string(out, "pidfile", common->pidfile);
	dump_string(out, "state", common->state);
	dump_string(out, "log", log_names[common->log]);
	dump_string(out, "log_level", level_names[level]);
	fprintf(out, "stop_timeout = %s\n", stop_timeout);
}

void common_conf_free(struct common_conf *common)
{
	free(common->user);
	free(common->group);
	free(common->pidfile);
	free(common->state);
}
