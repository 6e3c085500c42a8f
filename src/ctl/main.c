/* linekeeperctl: what the daemons do, without asking them. The life of the program, top to bottom.
 */
#include "base/log.h"
#include "base/status.h"
#include "ctl/checkpoint.h"
#include "ctl/command_line.h"
#include "ctl/dead_letters.h"
#include "ctl/http.h"
#include "ctl/metrics.h"
#include "ctl/status.h"
#include "ctl/status_codes.h"
#include "ctl/top.h"
#include "daemon/detach.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Somebody has cut a .stats file that we read: what came of it would be wrong. */
static void on_bus_error(int number)
{
	static const char text[] = PROGRAM ": a .stats file was cut while it was read\n";

	(void)number;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(LSB_UNKNOWN);
	_exit(LSB_UNKNOWN);
}

/* See no-color.org. */
static bool wants_colours(void)
{
	const char *no_colour = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(no_colour && *no_colour);
}

static struct status_choice sections_of(const struct command_line *line)
{
	return (struct status_choice){
		.sections = line->arguments,
		.count = line->count,
		.colours = wants_colours(),
	};
}

static int run_status(const struct command_line *line)
{
	struct status_choice choice = sections_of(line);

	return status_run(&line->places, &choice, line->json, line->interval_ns);
}

static int run_top(const struct command_line *line)
{
	struct status_choice choice = sections_of(line);

	return top_run(&line->places, &choice, line->interval_ns ? line->interval_ns : NS_PER_S);
}

static int run_metrics(const struct command_line *line)
{
	if (line->count > 0) {
		log_error("metrics are of all sections");
		return STATUS_USAGE;
	}
	if (!line->http)
		return metrics_run(&line->places);
	log_open(PROGRAM, LOG_TO_SYSLOG); /* descriptor 2 may belong to the client */
	return http_serve(&line->places);
}

static int run_checkpoint(const struct command_line *line)
{
	const struct checkpoint_choice choice = {
		.places = &line->places,
		.arguments = line->arguments,
		.count = line->count,
		.force = line->force,
	};

	return checkpoint_run(&choice);
}

static int run_dead_letter(const struct command_line *line)
{
	const char *verb = line->count > 0 ? line->arguments[0] : "";

	if (line->count > 1 && strcmp(verb, "list") == 0 && !line->to)
		return dead_letters_list(line->arguments + 1, line->count - 1);
	if (line->count > 1 && strcmp(verb, "retry") == 0)
		return dead_letters_retry(line->arguments + 1, line->count - 1, line->to);
	log_error("dead-letter list FILE... | retry [--to LOG] FILE...; see --help");
	return STATUS_USAGE;
}

static const struct command commands[] = {
	{ "status", OPTION_JSON | OPTION_INTERVAL, run_status },
	{ "top", OPTION_INTERVAL, run_top },
	{ "metrics", OPTION_HTTP, run_metrics },
	{ "checkpoint", OPTION_FORCE, run_checkpoint },
	{ "dead-letter", OPTION_TO, run_dead_letter },
	{ 0 },
};

int main(int argc, char **argv)
{
	struct command_line line = { 0 };
	int status;

	detach_open_standard();
	signal(SIGPIPE, SIG_IGN); /* a reader who leaves is an error of the write */
	signal(SIGBUS, on_bus_error);
	log_open(PROGRAM, LOG_TO_STDERR);
	status = command_line_parse(&line, commands, argc, argv);
	if (status < 0)
		status = line.command->run(&line);
	command_line_free(&line);
	return status;
}
