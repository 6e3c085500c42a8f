#include "ctl/command_line.h"

#include "base/log.h"
#include "base/status.h"
#include "config/units.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { GO_ON = -1 };

static const char usage[] =
	"Usage: " PROGRAM " [options] status [--json] [--interval TIME] [SECTION...]\n"
	"       " PROGRAM " [options] top [--interval TIME] [SECTION...]\n"
	"       " PROGRAM " [options] metrics [--http]\n"
	"       " PROGRAM " [options] checkpoint show [SECTION]\n"
	"       " PROGRAM " [options] checkpoint set [--force] SECTION PATH OFFSET\n"
	"       " PROGRAM " [options] checkpoint forget SECTION [PATH]\n"
	"       " PROGRAM " dead-letter list FILE... | retry [--to LOG] FILE...\n"
	"\n"
	"Tells what the daemons do, without asking them.\n"
	"\n"
	"  -c, --config FILE    look where this tailer.conf or writer.conf says\n"
	"      --stats FILE     the .stats file of a daemon, beside its pidfile\n"
	"  -s, --state DIR      where it is kept how far each section has come\n"
	"      --interval TIME  lines/s over so long a time; how often top draws\n"
	"      --json           for programs\n"
	"      --http           answer one HTTP request on standard input and output\n"
	"      --force          any offset, any path\n"
	"      --to LOG         append to this file, instead of standard output\n"
	"  -V, --version        print the version and exit\n"
	"  -h, --help           print this and exit\n"
	"\n"
	"Exit status of status: 0 running, 1 dead, 3 not running, 4 hangs or unknown.\n";

enum { LETTER_STATS = 256, LETTER_JSON, LETTER_INTERVAL, LETTER_HTTP, LETTER_FORCE, LETTER_TO };

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "stats", required_argument, NULL, LETTER_STATS },
	{ "state", required_argument, NULL, 's' },
	{ "interval", required_argument, NULL, LETTER_INTERVAL },
	{ "json", no_argument, NULL, LETTER_JSON },
	{ "http", no_argument, NULL, LETTER_HTTP },
	{ "force", no_argument, NULL, LETTER_FORCE },
	{ "to", required_argument, NULL, LETTER_TO },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static int print(const char *text)
{
	return fputs(text, stdout) == EOF || fflush(stdout) != 0 ? STATUS_FAILURE : STATUS_OK;
}

static int refuse(void)
{
	fprintf(stderr, "Try '" PROGRAM " --help'.\n");
	return STATUS_USAGE;
}

static int no_memory(int error)
{
	if (!error)
		return GO_ON;
	log_error("%s", reason(error));
	return STATUS_FAILURE;
}

static int take_interval(struct command_line *line)
{
	uint64_t longest = 86400 * NS_PER_S;

	line->given |= OPTION_INTERVAL;
	if (duration_parse(optarg, &line->interval_ns) == 0 &&
		line->interval_ns >= 10 * NS_PER_MS && line->interval_ns <= longest)
		return GO_ON;
	log_error("--interval %s: not a duration from 10ms to 1d", optarg);
	return STATUS_USAGE;
}

static int take_flag(struct command_line *line, bool *flag, unsigned option)
{
	line->given |= option;
	*flag = true;
	return GO_ON;
}

static int take(struct command_line *line, int letter)
{
	switch (letter) {
	case 'c':
	case 'f': /* the daemons' letter */
		return places_of_config(&line->places, optarg) ? GO_ON : STATUS_CONFIG;
	case 's':
		return no_memory(places_set_state(&line->places, optarg));
	case LETTER_STATS:
		return no_memory(places_add_stats(&line->places, optarg));
	case LETTER_INTERVAL:
		return take_interval(line);
	case LETTER_JSON:
		return take_flag(line, &line->json, OPTION_JSON);
	case LETTER_HTTP:
		return take_flag(line, &line->http, OPTION_HTTP);
	case LETTER_FORCE:
		return take_flag(line, &line->force, OPTION_FORCE);
	case LETTER_TO:
		line->given |= OPTION_TO;
		line->to = optarg;
		return GO_ON;
	case 'V':
		return print(PROGRAM " " VERSION "\n");
	case 'h':
		return print(usage);
	default:
		return refuse();
	}
}

static int choose(struct command_line *line, const struct command *commands, const char *name)
{
	for (; commands->name; commands++)
		if (name && strcmp(commands->name, name) == 0)
			break;
	line->command = commands;
	if (!commands->name) {
		if (name)
			log_error("%s: there is no such command", name);
		else
			log_error("which command?");
		return refuse();
	}
	if (line->given & ~commands->options) {
		log_error("%s does not take that option", name);
		return refuse();
	}
	return GO_ON;
}

int command_line_parse(
	struct command_line *line, const struct command *commands, int argc, char **argv)
{
	int letter, status = GO_ON;

	while (status == GO_ON &&
		(letter = getopt_long(argc, argv, "c:f:s:Vh", options, NULL)) != -1)
		status = take(line, letter);
	if (status == GO_ON)
		status = choose(line, commands, argv[optind]);
	if (status != GO_ON)
		return status;
	line->arguments = argv + optind + 1;
	line->count = (size_t)(argc - optind - 1);
	return places_complete(&line->places) ? GO_ON : STATUS_FAILURE;
}

void command_line_free(struct command_line *line)
{
	places_free(&line->places);
}
