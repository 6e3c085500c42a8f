/* linekeeper-tailer: takes lines out of logs. The life of the program, top to bottom. */
#include "base/log.h"
#include "base/status.h"
#include "config/tailer_conf.h"
#include "daemon/daemon.h"
#include "daemon/detach.h"
#include "daemon/limits.h"
#include "daemon/options.h"
#include "daemon/title.h"
#include "tailer/sections.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>

#define PROGRAM "linekeeper-tailer"
#define DEFAULT_CONFIG SYSCONFDIR "/linekeeper/tailer.conf"

static const char usage[] =
	"Usage: " PROGRAM " [-n] [-d] [-P FILE] [-s DIR] [--once] [-f FILE [SECTION...]]\n"
	"       " PROGRAM " -t | -T | -i [--follow] [--wait] [-f FILE [SECTION...]]\n"
	"       " PROGRAM " [-s DIR] [--once] [--flush] PATH...\n"
	"\n"
	"Follows logs through every rotation and hands their lines to a handler.\n"
	"With PATHs: to standard output, in the foreground.\n"
	"\n"
	"  -f, --config FILE    configuration (" DEFAULT_CONFIG ")\n"
	"  -n, --foreground     do not detach\n"
	"  -d, --debug          one section in this process, logging to standard error\n"
	"  -t, --test           check the configuration and exit\n"
	"  -T, --dump-config    print the effective configuration and exit\n"
	"  -i, --inetd          give the client on standard output what it has not pulled yet\n"
	"  -P, --pidfile FILE   instead of the configuration's\n"
	"  -s, --state DIR      where it is kept how far each section has come\n"
	"      --once           stop at the end of what is there now\n"
	"      --flush          with --once: an unterminated last line too\n"
	"      --follow         with -i: go on with new lines until the client leaves\n"
	"      --wait           with -i: while another client is being served\n"
	"  -V, --version        print the version and exit\n"
	"  -h, --help           print this and exit\n";

enum { OPTION_ONCE = 256, OPTION_FLUSH, OPTION_FOLLOW, OPTION_WAIT };

static const struct option own_options[] = {
	{ "once", no_argument, NULL, OPTION_ONCE },
	{ "flush", no_argument, NULL, OPTION_FLUSH },
	{ "follow", no_argument, NULL, OPTION_FOLLOW },
	{ "wait", no_argument, NULL, OPTION_WAIT },
	{ 0 },
};

/* What the command line has beyond the common letters. */
struct own {
	bool once, flush;
	struct pull pull;
};

static int take_own(void *context, int value, const char *argument)
{
	struct own *own = context;

	(void)argument;
	switch (value) {
	case OPTION_ONCE:
		own->once = true;
		break;
	case OPTION_FLUSH:
		own->flush = true;
		break;
	case OPTION_FOLLOW:
		own->pull.follow = true;
		break;
	default:
		own->pull.wait = true;
	}
	return STATUS_OK;
}

/* Sections in turn, in this very process. */
static int run_once(const struct section_list *list, const struct own *own)
{
	int status = STATUS_OK;

	for (size_t i = 0; i < list->count; i++) {
		int one;

		log_set_section(list->count > 1 ? list->section[i].name : NULL);
		one = sections_once(&list->section[i], own->flush);
		if (status == STATUS_OK)
			status = one;
	}
	return status;
}

/* -d, -i and the ad-hoc form: the one section in this very process. */
static int run_one(const struct options *options, const struct own *own,
	struct sections_choice *choice, const struct section_list *list)
{
	struct worker worker = {
		.ready_fd = -1,
		.adhoc = !choice->config,
		.state = sections_conf(list)->common.state,
	};

	if (list->count != 1) {
		log_error("%s has several sections: name the one to run", choice->config);
		return STATUS_USAGE;
	}
	if (choice->config) {
		log_set_section(list->section[0].name);
		title_set(PROGRAM ": %s", list->section[0].name);
	}
	return options->inetd ? sections_pull(&list->section[0], &own->pull)
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

static int run_adhoc(const struct options *options, const struct own *own)
{
	struct tailer_conf *conf = tailer_conf_adhoc(options->arguments, (size_t)options->count);
	struct sections_choice choice = { 0 };
	struct section_list list;
	int status;

	if (!conf || sections_from(conf, options->state, &list) < 0)
		return STATUS_FAILURE;
	status = own->once ? run_once(&list, own) : run_one(options, own, &choice, &list);
	sections_release(&choice, &list);
	return status;
}

static int run_configured(const struct options *options, const struct own *own)
{
	bool here = options->test || options->dump || options->inetd || options->debug || own->once;
	struct sections_choice choice = {
		.config = options->config ? options->config : DEFAULT_CONFIG,
		.pidfile = options->pidfile,
		.state = options->state,
		.names = options->arguments,
		.count = options->count,
		.log_level = options->debug ? LOG_DEBUG : -1,
		.detached = !here && !options->foreground,
		.takes_sockets = !here || options->debug,
	};
	struct section_list list;
	int status = STATUS_OK;

	if (sections_load(&choice, &list) < 0)
		return STATUS_CONFIG;
	if (!here)
		return run_daemon(options, &choice, &list);
	if (options->dump)
		tailer_conf_dump(sections_conf(&list), stdout);
	else if (options->test)
		printf("%s: configuration OK\n", choice.config);
	else
		status = own->once ? run_once(&list, own) : run_one(options, own, &choice, &list);
	sections_release(&choice, &list);
	return fflush(stdout) == 0 ? status : STATUS_FAILURE;
}

static int run(const struct options *options, const struct own *own)
{
	if (own->flush && !own->once) {
		log_error("--flush goes with --once; a section that follows has partial_timeout");
		return STATUS_USAGE;
	}
	if ((own->pull.follow || own->pull.wait) && !options->inetd) {
		log_error("--follow and --wait go with -i; without it everything follows");
		return STATUS_USAGE;
	}
	if (options->config || options->count == 0)
		return run_configured(options, own);
	if (options->inetd || options->test || options->dump || options->pidfile) {
		log_error("PATHs are followed ad hoc, without a configuration; see --help");
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
	signal(SIGPIPE, SIG_IGN); /* a handler's reader may leave: that is an error, not our end */
	signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes is a full disk */
	signal(SIGIO, SIG_IGN);   /* of read leases, see content_has_writer() */
	limits_raise();
	title_init(argc, argv);
	log_open(PROGRAM, LOG_TO_AUTO);
	status = options_parse(&options, &own_letters, argc, argv);
	if (status >= 0)
		return status;
	if (options.inetd) /* descriptor 2 belongs to the client */
		log_open(PROGRAM, LOG_TO_SYSLOG);
	status = run(&options, &own);
	if (options.inetd && status != STATUS_OK)
		pull_reset();
	options_free(&options);
	return status;
}
