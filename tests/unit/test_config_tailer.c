#include "config_files.h"

#include "base/clock.h"
#include "config/tailer_conf.h"

#include <pwd.h>
#include <sys/wait.h>

#define PRINT "handler h { type = print }\n"
#define TAIL "tail a { path = /x handler = h }\n"

static struct tailer_conf *load(struct scratch *scratch)
{
	struct tailer_conf *conf = tailer_conf_load(scratch->file);
	const char *messages = scratch_messages(scratch);

	if (!conf || *messages)
		fail_msg("not loaded: %s", messages);
	return conf;
}

static struct tailer_conf *load_text(struct scratch *scratch, const char *text)
{
	scratch_write(scratch, "main.conf", text);
	return load(scratch);
}

static void assert_strings(char *const *list, const char *const *expected)
{
	for (; *expected; list++, expected++) {
		assert_non_null(*list);
		assert_string_equal(*list, *expected);
	}
	assert_null(*list);
}

#define assert_list(list, ...) assert_strings(list, (const char *const[]){ __VA_ARGS__, NULL })

static void defaults_are_filled_in(void **state)
{
	struct scratch *scratch = *state;
	struct tailer_conf *conf = load_text(scratch, PRINT "\n" TAIL);
	const struct tail_conf *tail = &conf->tails[0];

	assert_null(conf->common.user);
	assert_null(conf->common.group);
	assert_int_equal(conf->common.log, LOG_TO_AUTO);
	assert_int_equal(conf->common.log_level, LOG_INFO);
	assert_int_equal(conf->common.stop_timeout_ns, 5 * NS_PER_S);
	assert_int_equal(conf->tail_count, 1);
	assert_string_equal(tail->name, "a");
	assert_list(tail->paths, "/x");
	assert_null(tail->rotated[0]);
	assert_int_equal(tail->interval_ns, NS_PER_S);
	assert_int_equal(tail->rescan_ns, 60 * NS_PER_S);
	assert_int_equal(tail->grace_ns, 5 * NS_PER_S);
	assert_int_equal(tail->checkpoint_interval_ns, NS_PER_S);
	assert_int_equal(tail->partial_timeout_ns, 0);
	assert_int_equal(tail->watch, WATCH_POLL);
	assert_int_equal(tail->start, START_BEGINNING);
	assert_int_equal(tail->max_line, 1 << 20);
	assert_int_equal(tail->long_line, LONG_LINE_SPLIT);
	assert_int_equal(tail->max_open, 1000);
	assert_int_equal(tail->retries, 3);
	assert_int_equal(tail->ack, ACK_CLOSE);
	assert_null(tail->dead_letter);
	assert_ptr_equal(tail->handler, &conf->handlers[0]);
	assert_string_equal(strrchr(tail->place, ':'), ":3");
	tailer_conf_free(conf);
}

static void every_key_is_taken(void **state)
{
	struct tailer_conf *conf = load_text(*state,
		"user = root group = root pidfile = /p state = \"/s/\" log = syslog\n"
		"log_level = debug stop_timeout = 250ms\n" PRINT
		"tail a { path = {\"/var/*.log\", /y} path += {/z} rotated = {\"/var/*.[0-9]\"}\n"
		"interval = 0.5 watch = inotify rescan = 1m start = end grace = 10ms\n"
		"partial_timeout = 2 max_line = 64k long_line = skip max_open = 10\n"
		"checkpoint_interval = 0 retries = 0 dead_letter = /d ack = line handler = h }\n");
	const struct tail_conf *tail = &conf->tails[0];

	assert_string_equal(conf->common.user, "root");
	assert_string_equal(conf->common.group, "root");
	assert_string_equal(conf->common.pidfile, "/p");
	assert_string_equal(conf->common.state, "/s");
	assert_int_equal(conf->common.log, LOG_TO_SYSLOG);
	assert_int_equal(conf->common.log_level, LOG_DEBUG);
	assert_int_equal(conf->common.stop_timeout_ns, 250 * NS_PER_MS);
	assert_list(tail->paths, "/var/*.log", "/y", "/z");
	assert_list(tail->rotated, "/var/*.[0-9]");
	assert_int_equal(tail->interval_ns, 500 * NS_PER_MS);
	assert_int_equal(tail->rescan_ns, 60 * NS_PER_S);
	assert_int_equal(tail->grace_ns, 10 * NS_PER_MS);
	assert_int_equal(tail->checkpoint_interval_ns, 0);
	assert_int_equal(tail->partial_timeout_ns, 2 * NS_PER_S);
	assert_int_equal(tail->watch, WATCH_INOTIFY);
	assert_int_equal(tail->start, START_END);
	assert_int_equal(tail->max_line, 65536);
	assert_int_equal(tail->long_line, LONG_LINE_SKIP);
	assert_int_equal(tail->max_open, 10);
	assert_int_equal(tail->retries, 0);
	assert_string_equal(tail->dead_letter, "/d");
	assert_int_equal(tail->ack, ACK_LINE);
	tailer_conf_free(conf);
}

static void handlers_become_options(void **state)
{
	struct tailer_conf *conf = load_text(*state,
		"handler print { type = print }\n"
		"handler file { type = file path = /o }\n"
		"handler exec { type = exec command = {/bin/x, \"--a=b\", \"\"} }\n"
		"handler processor { type = exec mode = processor command = /bin/x output = /p }\n"
		"handler journal { type = journal identifier = me }\n"
		"handler syslog { type = syslog }\n"
		"handler module { type = module module = m options = {\"a=b=c\", \"a=\"} }\n"
		"handler serve { type = serve listen = {\"/s\", \"[::1]:1\"} buffer = 64k }\n"
		"tail a { path = /x handler = module }\n");
	struct handler_conf *handler = conf->handlers;

	assert_int_equal(conf->handler_count, 8);
	assert_string_equal(handler[0].type, "print");
	assert_null(handler[0].options[0]);
	assert_list(handler[1].options, "path=/o");
	assert_list(
		handler[2].options, "command=/bin/x", "command=--a=b", "command=", "mode=stream");
	assert_list(handler[3].options, "command=/bin/x", "mode=processor", "output=/p");
	assert_list(handler[4].options, "identifier=me");
	assert_list(handler[5].options, "facility=user", "level=info", "socket=/dev/log");
	assert_null(handler[5].module);
	assert_string_equal(handler[6].module, "m");
	assert_list(handler[6].options, "a=b=c", "a=");
	assert_string_equal(strrchr(handler[6].place, ':'), ":7");
	assert_list(handler[7].options, "listen=/s", "listen=[::1]:1", "buffer=65536",
		"allow_remote=no");
	assert_ptr_equal(conf->tails[0].handler, &handler[6]);
	tailer_conf_free(conf);
}

static void a_handler_without_output_may_be_shared(void **state)
{
	struct tailer_conf *conf = load_text(*state, PRINT TAIL "tail b { path = /x handler = h }");

	assert_ptr_equal(conf->tails[0].handler, conf->tails[1].handler);
	tailer_conf_free(conf);
}

static void one_tail_may_read_the_output_of_another(void **state)
{
	tailer_conf_free(load_text(*state, PRINT "handler o { type = file path = /l/o.log }\n"
						 "tail a { path = \"/l/.hidden.*\" handler = o }\n"
						 "tail b { path = \"/l/*.log\" handler = h }\n"));
}

static void quoting_and_variables_work(void **state)
{
	struct tailer_conf *conf;

	setenv("LINEKEEPER_TEST", "/from \"it\" ${X}\\", 1);
	unsetenv("LINEKEEPER_UNSET");
	conf = load_text(*state,
		PRINT "tail 'a' { handler = \"h\" # } { \" '\n"
		      "path = { \"${LINEKEEPER_TEST}/x\", // }\n"
		      " '/${A}\\b\\'\\\\', /* } \n } */ \"/\\x41\\101\\t\\\"\\${A}\",\n"
		      " \"${LINEKEEPER_UNSET:-/default}/y\", \"/a\\\nb\", } }\r\n");
	assert_list(conf->tails[0].paths, "/from \"it\" ${X}\\/x", "/${A}\\b'\\", "/AA\t\"${A}",
		"/default/y", "/ab");
	unsetenv("LINEKEEPER_TEST");
	tailer_conf_free(conf);
}

static void what_editors_of_other_systems_leave_is_white_space(void **state)
{
	struct tailer_conf *conf =
		load_text(*state, "\xef\xbb\xbfhandler h { type = print }\r\n# c\r\n"
				  "tail a {\r\n path = /x\r\n handler = \"h\"\r\n}\r\n");

	assert_list(conf->tails[0].paths, "/x");
	assert_string_equal(strrchr(conf->tails[0].place, ':'), ":3");
	tailer_conf_free(conf);
}

static void drop_ins_come_in_order_of_name(void **state)
{
	struct scratch *scratch = *state;
	struct tailer_conf *conf;

	scratch_write(scratch, "main.conf", "log_level = error stop_timeout = 1 log = stderr\n");
	scratch_drop_in(scratch, "b.conf", "stop_timeout = 3\n\ntail b { path = /b handler = h }");
	scratch_drop_in(scratch, "a.conf", "stop_timeout = 2 log_level = debug " PRINT TAIL);
	scratch_drop_in(scratch, "C.conf", "stop_timeout = 4\n");
	scratch_drop_in(scratch, ".hidden.conf", "{");
	scratch_drop_in(scratch, "a.conf~", "{");
	scratch_drop_in(scratch, "conf", "{");
	conf = load(scratch);
	assert_int_equal(conf->common.stop_timeout_ns, 3 * NS_PER_S);
	assert_int_equal(conf->common.log_level, LOG_DEBUG);
	assert_int_equal(conf->common.log, LOG_TO_STDERR);
	assert_int_equal(conf->tail_count, 2);
	assert_string_equal(conf->tails[0].name, "a");
	assert_string_equal(conf->tails[1].name, "b");
	assert_non_null(strstr(conf->tails[1].place, ".d/b.conf:3"));
	tailer_conf_free(conf);
}

static void a_dump_loads_to_the_same_dump(void **state)
{
	struct tailer_conf *conf = load_text(*state,
		"log = journal stop_timeout = 1500us\n"
		"handler f { type = file path = \"/o \\\"\\\\ '#{}$ ${X:-y} \\x01\\x7f\\n\\xff\" "
		"}\n"
		"handler e { type = exec command = {/bin/sh, '-c', 'echo \"$1\" | \\ ${HOME} #',"
		" \"\"} }\n"
		"handler m { type = module module = /m.so options = {\"a=b\\nc\", \"d==\"} }\n"
		"handler m0 { type = module module = m }\n"
		"handler l { type = serve listen = {/s, \"127.0.0.1:1\"} allow_remote = yes }\n"
		"handler s { type = syslog identifier = \"a b\" facility = local7 level = err }\n"
		"tail a { path = {\"/*/[a-z]{b}\", '/$\\{x'} handler = f interval = 1.000000001\n"
		" max_line = 1000 rotated = {'/\"'} dead_letter = \"/a/../b\" }\n"
		"tail b { path = /x handler = e }\n");
	char *first = dumped(tailer_conf_dump, conf), *second;

	tailer_conf_free(conf);
	conf = load_text(*state, first);
	second = dumped(tailer_conf_dump, conf);
	assert_string_equal(first, second);
	assert_non_null(strstr(first, "stop_timeout = 1.5ms\n"));
	assert_non_null(strstr(first, "'echo \"$1\"") ? NULL : first);
	tailer_conf_free(conf);
	free(first);
	free(second);
}

static char *text_of(struct scratch *scratch, const char *config)
{
	struct tailer_conf *conf = load_text(scratch, config);
	char *text = tail_conf_text(&conf->tails[0]);

	assert_non_null(text);
	tailer_conf_free(conf);
	return text;
}

/* What the supervisor compares on a reload. */
static void text_differs_only_if_the_section_does(void **state)
{
	char *plain = text_of(*state, PRINT TAIL);
	char *moved = text_of(*state, "log = stderr\n# comment\n" PRINT
				      "tail a {\n path = {'/x'} interval = 1000ms\n handler = h }\n"
				      "tail b { path = /y handler = h }\n");
	char *faster = text_of(*state, PRINT "tail a { path = /x handler = h interval = 0.9 }\n");
	char *other = text_of(*state, "handler h { type = journal }\n" TAIL);

	assert_string_equal(plain, moved);
	assert_string_not_equal(plain, faster);
	assert_string_not_equal(plain, other);
	free(plain);
	free(moved);
	free(faster);
	free(other);
}

static void adhoc_paths_make_one_section(void **state)
{
	char *paths[] = { (char *)"/a//b \"c\"", (char *)"relative.log" }, expected[4200];
	struct tailer_conf *conf;

	assert_int_equal(chdir(((struct scratch *)*state)->directory), 0);
	snprintf(expected, sizeof(expected), "%s/relative.log",
		((struct scratch *)*state)->directory);
	conf = tailer_conf_adhoc(paths, 2);
	assert_non_null(conf);
	assert_int_equal(conf->tail_count, 1);
	assert_list(conf->tails[0].paths, "/a/b \"c\"", expected);
	assert_int_equal(conf->tails[0].interval_ns, NS_PER_S);
	assert_string_equal(conf->tails[0].handler->type, "print");
	assert_null(conf->common.pidfile);
	assert_null(conf->common.state);
	tailer_conf_free(conf);
	assert_int_equal(chdir("/"), 0);
}

/* Loads as somebody without root, in a process of its own, and tells state and pidfile. */
static void assert_places_of_a_user(
	struct scratch *scratch, const char *state_directory, const char *pidfile)
{
	pid_t child;
	int status;

	chmod(scratch->directory, 0755);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct tailer_conf *conf;

		if (geteuid() == 0 && setuid(65534) < 0)
			_exit(2);
		conf = tailer_conf_load(scratch->file);
		_exit(!conf || strcmp(conf->common.state, state_directory) != 0 ||
			strcmp(conf->common.pidfile, pidfile) != 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void a_user_has_places_of_his_own(void **state)
{
	scratch_write(*state, "main.conf", PRINT TAIL);
	setenv("HOME", "/home/u", 1);
	setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
	setenv("XDG_STATE_HOME", "/states", 1);
	assert_places_of_a_user(*state, "/states/linekeeper", "/run/user/7/linekeeper/tailer.pid");
	setenv("XDG_STATE_HOME", "relative", 1);
	unsetenv("XDG_RUNTIME_DIR");
	assert_places_of_a_user(*state, "/home/u/.local/state/linekeeper",
		"/home/u/.local/state/linekeeper/tailer.pid");
	scratch_write(*state, "main.conf", "state = /own\n" PRINT TAIL);
	unsetenv("HOME");
	assert_places_of_a_user(*state, "/own", "/own/tailer.pid");
}

static void root_has_the_places_of_the_system(void **state)
{
	struct tailer_conf *conf;

	if (geteuid() != 0) {
		print_message("skipped: needs root\n");
		skip();
	}
	setenv("XDG_STATE_HOME", "/states", 1);
	conf = load_text(*state, PRINT TAIL);
	assert_string_equal(conf->common.state, "/var/lib/linekeeper");
	assert_string_equal(conf->common.pidfile, "/run/linekeeper/tailer.pid");
	tailer_conf_free(conf);
}

#define with_scratch(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_scratch(defaults_are_filled_in),
		with_scratch(every_key_is_taken),
		with_scratch(handlers_become_options),
		with_scratch(a_handler_without_output_may_be_shared),
		with_scratch(one_tail_may_read_the_output_of_another),
		with_scratch(quoting_and_variables_work),
		with_scratch(what_editors_of_other_systems_leave_is_white_space),
		with_scratch(drop_ins_come_in_order_of_name),
		with_scratch(a_dump_loads_to_the_same_dump),
		with_scratch(text_differs_only_if_the_section_does),
		with_scratch(adhoc_paths_make_one_section),
		with_scratch(a_user_has_places_of_his_own),
		with_scratch(root_has_the_places_of_the_system),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
