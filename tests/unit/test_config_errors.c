/* Each mistake is answered by one message that tells file, line, what is wrong and what is allowed,
 * and leaves nothing behind. */
#include "config_files.h"

#include "config/tailer_conf.h"
#include "config/writer_conf.h"

#include <malloc.h>

#define PRINT "handler h { type = print }\n"
#define TAIL "tail a { path = /x handler = h }\n"
#define JOB "job j { command = /bin/date target = /t interval = 1 }\n"

struct mistake {
	const char *text;
	const char *message; /* behind the file's name */
};

static const struct mistake tailer_mistakes[] = {
	/* The grammar. */
	{ PRINT "tail a {\n path = /x\n handler = h\n", ":2: this { is never closed" },
	{ PRINT TAIL "tail b { path = {\"/x\"\n handler = h }\n", ":3: this { is never closed" },
	{ PRINT TAIL "}\n", ":3: this } closes nothing" },
	{ PRINT "tail a { path = \"/x\n handler = \"h\" }\n", ":2: this string is not closed" },
	{ PRINT "tail a { path = '/x\n handler = 'h' }\n", ":2: this string is not closed" },
	{ PRINT TAIL "\n/* never\nclosed\n", ":4: this comment is never closed" },
	{ PRINT TAIL "# a\n# b\n// c\n/* d\n e */ /* f */\n# g\nwrong = 1\n",
		":9: unknown key wrong; allowed here: user, group, pidfile, state, log, log_level, "
		"stop_timeout, handler, tail" },
	{ PRINT "tail a {\n # c\n path = { # c\n \"/x\", # c\n \"x\" }\n handler = h }\n",
		":6: path = \"x\": must be an absolute path" },
	{ PRINT "tail a { path = /x handler = h\n\n intervall = 1 }\n",
		":4: unknown key intervall; allowed here: path, rotated, interval, watch, " },
	{ PRINT TAIL "tail a { path = /y handler = h }\n", ":3: a section named \"a\" exists" },
	{ PRINT "tail a { path = /x handler = h\n interval = 1\n interval = 2 }\n",
		":4: interval is set twice, first at " },
	{ PRINT "tail a { path = {/x, /y}\n path = /z handler = h }\n",
		":3: path is set twice, first at " },
	{ PRINT TAIL "include(\"/etc/passwd\")\n", ":3: unknown key include" },
	{ PRINT TAIL "tail|interval = 2\n", ":3: a value with '|' in it needs quotes" },
	{ PRINT TAIL "\"tail|interval\" = 2\n", ":3: a key is written without quotes" },
	{ PRINT TAIL "\"\" = 2\n", ":3: an empty string is neither a key nor a name" },
	{ "\"\"" PRINT TAIL, ":1: an empty string is neither a key nor a name" },
	{ PRINT "tail a { \"\" path = /x handler = h }", ":2: an empty string is neither" },
	{ PRINT TAIL "log = auto \"\" { }\n", ":3: an empty string is neither" },
	{ PRINT "tail \"\" { path = /x handler = h }\n", ":2: an empty string is neither" },
	{ PRINT "tail { path = /x handler = h }\n", ":2: missing title" },
	{ PRINT "tail a { path = /var/log/*.log handler = h }\n", ":2: a value with '*' in it" },
	{ PRINT "tail a { path = /var/a+b handler = h }\n", ":2: a value with '+' in it" },
	{ "* " PRINT TAIL, ":1: a value with '*' in it" },
	{ "{{{{{{{{{", ":1: braces are nested too deeply" },
	{ PRINT "\ntail a { path = \"/\\999\" handler = h }\n", ":3: an escape with a number is" },
	{ PRINT "tail a { path = \"/\\400\" handler = h }\n", ":2: an escape with a number is" },
	{ PRINT "tail a { path = \"/\\000\" handler = h }\n", ":2: a value cannot hold a NUL" },
	{ PRINT "tail a { path = \"/\\x0\" handler = h }\n", ":2: a value cannot hold a NUL" },
	/* Variables. */
	{ PRINT "tail a {\n path = \"${LINEKEEPER_UNSET}/x\" handler = h }\n",
		":3: the environment variable LINEKEEPER_UNSET is not set; "
		"${LINEKEEPER_UNSET:-default}" },
	{ PRINT "tail a { path = ${HOME} handler = h }\n", ":2: a value with a variable in it" },
	{ PRINT "tail a { path = /x${HOME} handler = h }\n", ":2: a value with a variable in it" },
	{ PRINT "tail a { path = \"/${HOME\" handler = h }\n",
		":2: a variable is written ${NAME}" },
	{ PRINT "tail a { path = \"/${A B}\" handler = h }\n",
		":2: a variable is written ${NAME}" },
	{ PRINT "tail a { path = \"/${}\" handler = h }\n", ":2: a variable is written ${NAME}" },
	/* Names. */
	{ PRINT "\ntail \"a b\" { path = /x handler = h }\n", ":3: tail \"a b\": a name has" },
	{ PRINT "tail \"a/b\" { path = /x handler = h }\n", ":2: tail \"a/b\": a name has" },
	{ PRINT "tail .a { path = /x handler = h }\n", ":2: tail \".a\": a name has" },
	{ PRINT "tail \"a\\nb\" { path = /x handler = h }\n", ":2: tail \"a?b\": a name has" },
	{ PRINT "tail a123456789b123456789c123456789d123456789e123456789f123456789g1234 "
		"{ path = /x handler = h }\n",
		":2: tail \"a1234" },
	/* Values. */
	{ PRINT "tail a { path = /x handler = h interval = nan }\n",
		":2: interval = \"nan\": not a duration; allowed are seconds, or a number with" },
	{ PRINT "tail a { path = /x handler = h interval = \"\" }\n",
		":2: interval = \"\": not a duration" },
	{ PRINT "tail a { path = /x handler = h interval = 0 }\n",
		":2: interval = \"0\": out of range; at least 1ms, at most 292 years" },
	{ PRINT "tail a { path = /x handler = h\n grace = -1 }\n",
		":3: grace = \"-1\": out of range; at least 0, at most 292 years" },
	{ PRINT "tail a { path = /x handler = h max_line = 1MB }\n",
		":2: max_line = \"1MB\": not a size; allowed are bytes, or a number with k, M or "
		"G" },
	{ PRINT "tail a { path = /x handler = h max_line = 0 }\n",
		":2: max_line = \"0\": out of range; at least 1, at most 1G" },
	{ PRINT "tail a { path = /x handler = h retries = -1 }\n",
		":2: retries = \"-1\": must be a number from 0 to 1000000" },
	{ PRINT "tail a { path = /x handler = h max_open = 0 }\n",
		":2: max_open = \"0\": must be a number from 1 to 1000000" },
	{ PRINT "tail a { path = /x handler = h watch = fanotify }\n",
		":2: watch = \"fanotify\": allowed are poll, inotify" },
	{ PRINT "tail a { path = /x handler = h start = 0 }\n",
		":2: start = \"0\": allowed are beginning, end" },
	{ PRINT "tail a { path = /x handler = h long_line = cut }\n",
		":2: long_line = \"cut\": allowed are split, truncate, skip" },
	{ PRINT "tail a { path = \"~/x\" handler = h }\n",
		":2: path = \"~/x\": must be an absolute" },
	{ PRINT "tail a { path = \"\" handler = h }\n", ":2: path = \"\": must be an absolute" },
	{ PRINT "tail a { path = /x rotated = y handler = h }\n", ":2: rotated = \"y\": must be" },
	{ PRINT TAIL "log = file\n",
		":3: log = \"file\": allowed are auto, stderr, syslog, journal" },
	{ PRINT TAIL "log_level = all\n",
		":3: log_level = \"all\": allowed are error, warning, info, debug" },
	{ PRINT TAIL "pidfile = tailer.pid\n",
		":3: pidfile = \"tailer.pid\": must be an absolute" },
	{ PRINT TAIL "state = state\n", ":3: state = \"state\": must be an absolute path" },
	{ PRINT TAIL "user = no-such-user-here\n", ":3: there is no user \"no-such-user-here\"" },
	{ PRINT TAIL "group = no-such-group-here\n",
		":3: there is no group \"no-such-group-here\"" },
	{ PRINT TAIL "group = root\n", ":3: a group needs a user too" },
	/* What is missing. */
	{ "", ": there is no tail section" },
	{ "# nothing\n" PRINT, ": there is no tail section" },
	{ PRINT "\n\ntail a { handler = h }\n", ":4: tail \"a\": path is missing" },
	{ PRINT "tail a {\n handler = h path = {} }\n", ":2: tail \"a\": path is missing" },
	{ PRINT "tail a { path = /x }\n", ":2: tail \"a\": handler is missing" },
	{ PRINT "tail a { path = /x\n handler = none }\n",
		":3: handler = \"none\": there is no such handler section" },
	{ "handler h { path = /o }\n" TAIL, ":1: handler \"h\": type is missing" },
	{ "handler h { type = file }\n" TAIL, ":1: handler \"h\": path is missing" },
	{ "handler h { type = exec command = {} }\n" TAIL,
		":1: handler \"h\": command is missing" },
	{ "handler h { type = module }\n" TAIL, ":1: handler \"h\": module is missing" },
	/* Handlers. */
	{ "handler h {\n type = kafka }\n" TAIL, ":2: type = \"kafka\": allowed are print, file, "
						 "exec, journal, syslog, serve, module" },
	{ "handler h { type = file path = /o\n command = /bin/x }\n" TAIL,
		":2: command does not belong to a handler of type \"file\"; allowed here: type, "
		"path" },
	{ "handler h { type = print mode = stream }\n" TAIL,
		":1: mode does not belong to a handler of type \"print\"; allowed here: type" },
	{ "handler h { type = exec command = date }\n" TAIL,
		":1: command = \"date\": must be an absolute path" },
	{ "handler h { type = exec command = /x\n mode = batch }\n" TAIL,
		":2: mode = \"batch\": allowed are stream, processor" },
	{ "handler h { type = exec command = /x\n mode = processor }\n" TAIL,
		":2: mode = \"processor\" needs output" },
	{ "handler h { type = exec command = /x\n output = /o }\n" TAIL,
		":2: output needs mode = \"processor\"" },
	{ "handler h { type = module module = ./m.so }\n" TAIL,
		":1: module = \"./m.so\": must be an absolute path, or the bare name" },
	{ "handler h { type = module module = m options = {\"a=b\",\n \"c\"} }\n" TAIL,
		":2: options: \"c\" is not \"name=value\"" },
	{ "handler h { type = syslog facility = local8 }\n" TAIL,
		":1: facility = \"local8\": allowed are auth, " },
	{ "handler h { type = syslog level = loud }\n" TAIL,
		":1: level = \"loud\": allowed are emerg, alert, " },
	/* Outputs. */
	{ "handler h { type = file path = /o }\nhandler i { type = file\n path = \"//o/.\" "
	  "}\n" TAIL,
		":3: path = \"/o\": handler \"h\" (" },
	{ "handler h { type = file path = /o }\n"
	  "handler i { type = exec command = /x mode = processor\n output = /o }\n" TAIL,
		":3: output = \"/o\": handler \"h\" (" },
	{ "handler h { type = file path = /o }\ntail a { path = /x handler = h\n dead_letter = /o "
	  "}\n",
		":3: dead_letter = \"/o\": handler \"h\" (" },
	{ PRINT "tail a { path = /x handler = h dead_letter = /d }\n"
		"tail b { path = /x handler = h dead_letter = /d }\n",
		":3: dead_letter = \"/d\": tail \"a\" (" },
	{ "handler h { type = file path = /o }\n" TAIL "tail b { path = /x\n handler = h }\n",
		":4: handler = \"h\": tail \"a\" uses it already" },
	{ "handler h { type = file path = /l/o.log }\n"
	  "tail a { path = {/x, \"/l/*.log\"}\n handler = h }\n",
		":3: handler: tail \"a\" would read what it writes" },
	{ "handler h { type = file path = /l/o.log.1 }\n"
	  "tail a { path = /x rotated = \"/l/*.[0-9]\"\n handler = h }\n",
		":3: handler: tail \"a\" would read what it writes" },
	{ PRINT "tail a { path = \"/l/*.log\" handler = h\n dead_letter = /l/d.log }\n",
		":3: dead_letter: tail \"a\" would read what it writes" },
	{ NULL, NULL },
};

static const struct mistake writer_mistakes[] = {
	{ "", ": there is no replay section and no job section" },
	{ "replay r { target = /t }\n", ":1: replay \"r\": source is missing" },
	{ "replay r { source = /s }\n", ":1: replay \"r\": target is missing" },
	{ "replay r { source = s target = /t }\n", ":1: source = \"s\": must be an absolute path" },
	{ "replay r { source = /s target = - }\n", ":1: target = \"-\": must be an absolute path" },
	{ "replay r { source = /s\n target = \"//s\" }\n",
		":2: target = \"/s\": this is the source" },
	{ "replay r { source = /s target = /t\n interval = -0.1 }\n",
		":2: interval = \"-0.1\": out of range; at least 0, at most 292 years" },
	{ "replay r { source = /s target = /t rate = 0 }\n",
		":1: rate = \"0\": allowed are lines a second, such as 50000, or bytes" },
	{ "replay r { source = /s target = /t rate = 10M }\n", ":1: rate = \"10M\": allowed" },
	{ "replay r { source = /s target = /t rate = nan }\n", ":1: rate = \"nan\": allowed" },
	{ "replay r { source = /s target = /t rate = \"-1/s\" }\n",
		":1: rate = \"-1/s\": allowed" },
	{ "replay r { source = /s target = /t rate = 5\n interval = 1 }\n",
		":1: rate and interval exclude each other" },
	{ "replay r { source = /s target = /t\n record_start = '(' }\n",
		":2: record_start = \"(\": missing closing parenthesis, at byte 1" },
	{ "replay r { source = /s target = /t record_start = '' }\n", ":1: record_start is empty" },
	{ "replay r { source = /s target = \"tcp:host\" }\n",
		":1: target = \"tcp:host\": a socket is unix:/path or tcp:host:port" },
	{ "replay r { source = /s target = \"unix:x\" }\n",
		":1: target = \"unix:x\": a socket is" },
	{ "replay r { source = /s target = /t rotate {\n size = 1k keep = 0 } }\n",
		":2: keep = \"0\": must be a number from 1 to " },
	{ "replay r { source = /s target = /t rotate {\n by = cp } }\n",
		":2: by = \"cp\": allowed are rename, copytruncate" },
	{ "replay r { source = /s target = /t rotate { size = x } }\n",
		":1: size = \"x\": not a size" },
	{ "replay r { source = /s target = /t rotate { size = 1k\n compress = zip } }\n",
		":2: compress = \"zip\": allowed are no, gz, xz, zst, bz2, lz4" },
	{ "replay r { source = /s target = /t\n rotate { } }\n",
		":2: rotate: size or interval is missing" },
	{ "replay r { source = /s target = /t rotate { size = 1k }\n rotate { size = 2k } }\n",
		":2: rotate is set twice, first at " },
	{ "replay r { source = /s target = /t\n rotate = { size = 1k } }\n",
		":2: rotate is a section: rotate { key = value ... }" },
	{ "replay r { source = /s target = /t rotate {\n rotate_size = 1k } }\n",
		":2: unknown key rotate_size; allowed here: size, interval, keep, by, compress" },
	{ "replay r { source = /s target = /t\n timestamp = rfc3146 }\n",
		":2: timestamp = \"rfc3146\": allowed are auto, rfc3164, " },
	{ "replay r { source = /s target = /t speed = 0 }\n",
		":1: speed = \"0\": must be a number from 0.001 to 1000000" },
	{ "replay r { source = /s target = /t speed = 1h }\n", ":1: speed = \"1h\": must be" },
	{ "replay r { source = /s target = /t\n pace = timestamps interval = 1 }\n",
		":2: pace = \"timestamps\" and interval exclude each other" },
	{ "replay r { source = /s target = /t\n timestamp_column = 1\n timestamp_pattern = a }\n",
		":3: timestamp_column and timestamp_pattern exclude each other" },
	{ "replay r { source = /s target = /t timestamp_pattern = '[' }\n",
		":1: timestamp_pattern = \"[\": missing terminating ]" },
	{ "replay r { source = /s target = /t start_at = 0 }\n",
		":1: start_at = \"0\": must be a number from 1 to " },
	{ "replay r { source = /s target = /t start_at = noon }\n",
		":1: start_at = \"noon\": allowed are the number of a line, from 1, or a time" },
	{ "replay r { source = /s target = /t loop = 0 }\n",
		":1: loop = \"0\": must be a number from 1 to " },
	{ "replay r { source = /s target = /t\n loop = 2 at_end = loop }\n",
		":2: at_end = \"loop\" is loop = \"forever\"" },
	{ "replay r { source = /s target = /t stop_after = 0 }\n",
		":1: stop_after = \"0\": allowed are a duration above 0" },
	{ "replay r { source = /s target = /t stop_after = \"-5 lines\" }\n",
		":1: stop_after = \"-5 lines\": allowed are" },
	{ "replay r { source = /s target = /t at_end = stop }\n",
		":1: at_end = \"stop\": allowed are wait, loop, exit" },
	{ "replay r { source = /s target = /t catch_up = no }\n",
		":1: catch_up = \"no\": allowed are burst, skip" },
	{ "replay r { source = /s target = /t }\nreplay r { source = /s target = /t }\n",
		":2: a section named \"r\" exists already" },
	{ "job j { target = /t interval = 1 }\n", ":1: job \"j\": command is missing" },
	{ "job j { command = /bin/date interval = 1 }\n", ":1: job \"j\": target is missing" },
	{ "job j { command = /bin/date target = /t }\n", ":1: job \"j\": interval is missing" },
	{ "job j { command = date target = /t interval = 1 }\n",
		":1: command = \"date\": must be an absolute path" },
	{ "job j { command = /bin/date target = /t interval = 0 }\n",
		":1: interval = \"0\": out of range; at least 1ms" },
	{ "job j { command = /bin/date target = /t interval = 1 overlap = yes }\n",
		":1: overlap = \"yes\": allowed are skip, queue, kill" },
	{ "job j { command = /bin/date target = /t interval = 1 first = later }\n",
		":1: first = \"later\": allowed are after, now" },
	{ "job j { command = /bin/date target = /t interval = 1 align = 1 }\n",
		":1: align = \"1\": allowed are no, yes" },
	{ "job j { command = /bin/date target = /t interval = 1 stamp = \"%n\" }\n",
		":1: stamp = \"%n\": must be a format of strftime(3)" },
	{ JOB "wrong = 1\n",
		":2: unknown key wrong; allowed here: user, group, pidfile, state, log, log_level, "
		"stop_timeout, replay, job" },
	{ NULL, NULL },
};

static void tailer_mistakes_are_told(void **state)
{
	unsetenv("LINEKEEPER_UNSET");
	for (const struct mistake *mistake = tailer_mistakes; mistake->text; mistake++) {
		scratch_write(*state, "main.conf", mistake->text);
		assert_null(tailer_conf_load(((struct scratch *)*state)->file));
		assert_one_message(*state, mistake->message);
	}
}

static void writer_mistakes_are_told(void **state)
{
	for (const struct mistake *mistake = writer_mistakes; mistake->text; mistake++) {
		scratch_write(*state, "main.conf", mistake->text);
		assert_null(writer_conf_load(((struct scratch *)*state)->file));
		assert_one_message(*state, mistake->message);
	}
}

static void only_a_regular_file_is_read(void **state)
{
	struct scratch *scratch = *state;
	char *big = malloc(1024 * 1024 + 1);

	assert_null(tailer_conf_load(scratch->file));
	assert_one_message(scratch, ": No such file or directory\n");

	assert_int_equal(mkdir(scratch->file, 0700), 0);
	assert_null(tailer_conf_load(scratch->file));
	assert_one_message(scratch, ": Is a directory\n");
	assert_int_equal(rmdir(scratch->file), 0);

	assert_int_equal(mkfifo(scratch->file, 0600), 0);
	assert_null(tailer_conf_load(scratch->file));
	assert_one_message(scratch, ": not a regular file\n");
	assert_int_equal(unlink(scratch->file), 0);

	assert_non_null(big);
	memset(big, '\n', 1024 * 1024 + 1);
	scratch_bytes(scratch, "main.conf", big, 1024 * 1024 + 1);
	free(big);
	assert_null(tailer_conf_load(scratch->file));
	assert_one_message(scratch, ": larger than 1 MiB\n");
}

static void a_nul_byte_is_found(void **state)
{
	static const char text[] = PRINT "# \n# \0\n" TAIL;

	scratch_bytes(*state, "main.conf", text, sizeof(text) - 1);
	assert_null(tailer_conf_load(((struct scratch *)*state)->file));
	assert_one_message(*state, ":3: a NUL byte\n");
}

static void a_drop_in_with_a_mistake_is_named(void **state)
{
	scratch_write(*state, "main.conf", PRINT TAIL);
	scratch_drop_in(*state, "10-good.conf", "# good\n");
	scratch_drop_in(*state, "20-bad.conf", "\n" TAIL);
	assert_null(tailer_conf_load(((struct scratch *)*state)->file));
	assert_one_message(*state, ".d/20-bad.conf:2: a section named \"a\" exists already");

	scratch_drop_in(*state, "20-bad.conf", "\n\ntail b { path = x handler = h }");
	assert_null(tailer_conf_load(((struct scratch *)*state)->file));
	assert_one_message(*state, ".d/20-bad.conf:3: path = \"x\": must be");
}

static void load_often(struct scratch *scratch, int times)
{
	while (times-- > 0)
		assert_null(tailer_conf_load(scratch->file));
	scratch_messages(scratch);
}

/* malloc(3) keeps a little by itself; what is lost each time is at least 24 bytes. */
static void nothing_is_left_behind(void **state)
{
	for (const struct mistake *mistake = tailer_mistakes; mistake->text; mistake++) {
		size_t memory, descriptors;

		if (strstr(mistake->message, "there is no user") ||
			strstr(mistake->message, "there is no group"))
			continue; /* name service modules keep what they like */
		scratch_write(*state, "main.conf", mistake->text);
		load_often(*state, 5);
		memory = mallinfo2().uordblks;
		descriptors = open_descriptors();
		load_often(*state, 100);
		assert_int_equal(open_descriptors(), descriptors);
		if (mallinfo2().uordblks > memory + 100 * 24)
			fail_msg("memory is lost after \"%s\"", mistake->text);
	}
}

/* libconfuse's lexer is one for the process: what a mistake leaves in it would spoil the next. */
static void a_good_file_loads_after_each_mistake(void **state)
{
	struct scratch *scratch = *state;

	for (const struct mistake *mistake = tailer_mistakes; mistake->text; mistake++) {
		struct tailer_conf *conf;

		scratch_write(scratch, "main.conf", mistake->text);
		assert_null(tailer_conf_load(scratch->file));
		scratch_messages(scratch);
		scratch_write(scratch, "main.conf", PRINT TAIL);
		conf = tailer_conf_load(scratch->file);
		if (!conf)
			fail_msg("after \"%s\": %s", mistake->text, scratch_messages(scratch));
		tailer_conf_free(conf);
	}
}

#define with_scratch(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_scratch(tailer_mistakes_are_told),
		with_scratch(writer_mistakes_are_told),
		with_scratch(only_a_regular_file_is_read),
		with_scratch(a_nul_byte_is_found),
		with_scratch(a_drop_in_with_a_mistake_is_named),
		with_scratch(nothing_is_left_behind),
		with_scratch(a_good_file_loads_after_each_mistake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
