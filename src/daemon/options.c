#include "daemon/options.h"

#include "base/file.h"
#include "base/status.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS "f:ndtTiP:s:Vh"
#define OPTIONS_MAX 32

enum { GO_ON = -1 };

static const struct option common[] = {
	{ "config", required_argument, NULL, 'f' },
	{ "foreground", no_argument, NULL, 'n' },
	{ "debug", no_argument, NULL, 'd' },
	{ "test", no_argument, NULL, 't' },
	{ "dump-config", no_argument, NULL, 'T' },
	{ "inetd", no_argument, NULL, 'i' },
	{ "pidfile", required_argument, NULL, 'P' },
	{ "state", required_argument, NULL, 's' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
};

static void join(struct option *all, const struct option *own)
{
	size_t count = sizeof(common) / sizeof(common[0]);

	memcpy(all, common, sizeof(common));
	for (; own && own->name; own++) {
		assert(count < OPTIONS_MAX - 1 && own->val > 255);
		all[count++] = *own;
	}
	all[count] = (struct option){ 0 };
}

/* A daemon lives in "/": what is meant from here must be said absolutely. */
static int take_path(const struct options_own *own, int letter, char **path)
{
	free(*path);
	*path = *optarg ? file_absolute(optarg) : NULL;
	if (*path)
		return GO_ON;
	fprintf(stderr, "%s: -%c: %s\n", own->program, letter,
		*optarg ? "out of memory" : "the path is empty");
	return *optarg ? STATUS_FAILURE : STATUS_USAGE;
}

static int print(const char *text, const char *more)
{
	return printf("%s%s", text, more) < 0 || fflush(stdout) != 0 ? STATUS_FAILURE : STATUS_OK;
}

static int print_version(const char *program)
{
	return printf("%s ", program) < 0 ? STATUS_FAILURE : print(VERSION, "\n");
}

static int refuse(const char *program)
{
	fprintf(stderr, "Try '%s --help'.\n", program);
	return STATUS_USAGE;
}

static int take_own(const struct options_own *own, int value)
{
	int status = own->take(own->context, value, optarg);

	return status == 0 ? GO_ON : status;
}

static int take(struct options *options, const struct options_own *own, int letter)
{
	switch (letter) {
	case 'f':
		return take_path(own, letter, &options->config);
	case 'P':
		return take_path(own, letter, &options->pidfile);
	case 's':
		return take_path(own, letter, &options->state);
	case 'd':
		options->debug = options->foreground = true;
		return GO_ON;
	case 'n':
		options->foreground = true;
		return GO_ON;
	case 't':
		options->test = true;
		return GO_ON;
	case 'T':
		options->dump = true;
		return GO_ON;
	case 'i':
		options->inetd = true;
		return GO_ON;
	case 'V':
		return print_version(own->program);
	case 'h':
		return print(own->usage, "");
	case '?':
		return refuse(own->program);
	default:
		return take_own(own, letter);
	}
}

int options_parse(struct options *options, const struct options_own *own, int argc, char **argv)
{
	struct options parsed = { 0 };
	struct option all[OPTIONS_MAX];
	int letter, status = GO_ON;

	join(all, own->own);
	optind = 0;
	while (status == GO_ON && (letter = getopt_long(argc, argv, LETTERS, all, NULL)) != -1)
		status = take(&parsed, own, letter);
	if (status != GO_ON) {
		options_free(&parsed);
		return status;
	}
	parsed.arguments = argv + optind;
	parsed.count = argc - optind;
	*options = parsed;
	return GO_ON;
}

void options_free(struct options *options)
{
	free(options->config);
	free(options->pidfile);
	free(options->state);
	*options = (struct options){ 0 };
}
