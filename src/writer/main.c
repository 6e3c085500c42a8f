/* linekeeper-writer: puts lines into logs on a schedule. The life of the program, top to bottom. */
#include "base/log.h"
#include "base/status.h"
#include "config/units.h"
#include "config/writer_conf.h"
#include "daemon/daemon.h"
#include "daemon/detach.h"
#include "daemon/limits.h"
#include "daemon/options.h"
#include "daemon/title.h"
#include "writer/adhoc.h"
#include "writer/sections.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define PROGRAM "linekeeper-writer"
#define DEFAULT_CONFIG SYSCONFDIR "/linekeeper/writer.conf"

static const char usage[] =
	"Usage: " PROGRAM " [-n] [-d] [-P FILE] [-s DIR] [-f FILE [SECTION...]]\n"
	"       " PROGRAM " -t | -T | -i [-f FILE [SECTION...]]\n"
	"       " PROGRAM " [-s DIR] [--interval TIME] SOURCE TARGET\n"
	"\n"
	"Puts lines into logs on a schedule: replays recorded logs, runs commands.\n"
	"With SOURCE and TARGET: this one replay, now; - is standard output.\n"
	"\n"
	"  -f, --config FILE    configuration (" DEFAULT_CONFIG ")\n"
	"  -n, --foreground     do not detach\n"
	"  -d, --debug          one section in this process, logging to standard error\n"
	"  -t, --test           check the configuration and exit\n"
	"  -T, --dump-config    print the effective configuration and exit\n"
	"  -i, --inetd          give one section's replay to the client on standard output\n"
	"  -P, --pidfile FILE   instead of the configuration's\n"
	"  -s, --state DIR      where it is kept how far each section has come\n"
	"      --interval TIME  between lines: 0.25 (seconds), 10ms, 0 (as fast as it goes)\n"
	"  -V, --version        print the version and exit\n"
	"  -h, --help           print this and exit\n";

enum { OPTION_INTERVAL = 256 };

static const struct option own_options[] = {
	{ "interval", required_argument, NULL, OPTION_INTERVAL },
	{ 0 },
};

/* What the command line has beyond the common letters. */
struct own {
	bool has_interval;
	uint64_t interval_ns;
};

static int take_own(void *context, int value, const char *argument)
{
	struct own *own = context;

	(void)value; /* there is but one */
	own->has_interval = true;
	if (duration_parse(argument, &own->interval_ns) == 0)
		return STATUS_OK;
	log_error("--interval %s: not a duration, such as 0.25, 250ms or 0", argument);
	return STATUS_USAGE;
}

static int run_adhoc(const struct options *options, const struct own *own)
{
	const struct adhoc adhoc = {
		.source = options->arguments[0],
		.target = options->arguments[1],
		.interval_ns = own->has_interval ? &own->interval_ns : NULL,
		.state = options->state,
	};

	return adhoc_run(&adhoc);
}

/* -d and -i: the one section in this very process. */
static int run_one(const struct options *options, struct sections_choice *choice,
	const struct section_list *list)
{
	struct worker worker = {
		.ready_fd = -1,
		.adhoc = options->inetd,
		.state = sections_conf(list)->common.state,
	};

	if (list->count != 1) {
		log_error("%s has several sections: name the one to run", choice->config);
		return STATUS_USAGE;
	}
	log_set_section(list->section[0].name);
	title_set(PROGRAM ": %s", list->section[0].name);
	return options->inetd ? sections_serve(&list->section[0], &worker)
			      : sections_run(choice, &list->section[0], &worker);
}

static int run_daemon(
	const struct options *options, struct sections_choice *choice, struct section_list *list)
{
	const struct common_conf *common = &sections_conf(list)->common;
	const struct supervised supervised = {
		.program = PROGRAM,
		.context = choice,
		.load = sections_load,
		.release = sections_release,
		.run = sections_run,
	};
	const struct daemon_setup setup = {
		.foreground = options->foreground,
		.pidfile = common->pidfile,
		.state = common->state,
		.user = common->user,
		.group = common->group,
		.log = common->log,
	};

	return daemon_run(&setup, &supervised, list);
}

static int run_configured(const struct options *options)
{
	struct sections_choice choice = {
		.config = options->config ? options->config : DEFAULT_CONFIG,
		.pidfile = options->pidfile,
		.state = options->state,
		.names = options->arguments,
		.count = options->count,
		.log_level = options->debug ? LOG_DEBUG : -1,
	};
	struct section_list list;
	int status = STATUS_OK;

	if (sections_load(&choice, &list) < 0)
		return STATUS_CONFIG;
	if (!options->test && !options->dump && !options->inetd && !options->debug)
		return run_daemon(options, &choice, &list);
	if (options->dump)
		writer_conf_dump(sections_conf(&list), stdout);
	else if (options->test)
		printf("%s: configuration OK\n", choice.config);
	else
		status = run_one(options, &choice, &list);
	sections_release(&choice, &list);
	return fflush(stdout) == 0 ? status : STATUS_FAILURE;
}

static int run(const struct options *options, const struct own *own)
{
	if (options->config || options->count == 0) {
		if (!own->has_interval)
			return run_configured(options);
		log_error("--interval is for SOURCE and TARGET; a section has its own");
		return STATUS_USAGE;
	}
	if (options->count != 2 || options->inetd || options->test || options->dump) {
		log_error("without -f, SOURCE and TARGET are wanted; see --help");
		return STATUS_USAGE;
	}
	return run_adhoc(options, own);
}

int main(int argc, char **argv)
{
	struct own own = { 0 };
	const struct options_own own_letters = {
		.program = PROGRAM,
		.usage = usage,
		.own = own_options,
		.take = take_own,
		.context = &own,
	};
	struct options options;
	int status;

	detach_prepare();
	signal(SIGPIPE, SIG_IGN);
	limits_raise();
	title_init(argc, argv);
	log_open(PROGRAM, LOG_TO_AUTO);
	status = options_parse(&options, &own_letters, argc, argv);
	if (status >= 0)
		return status;
	if (options.inetd) /* descriptor 2 belongs to the client */
		log_open(PROGRAM, LOG_TO_SYSLOG);
	status = run(&options, &own);
	options_free(&options);
	return status;
}
