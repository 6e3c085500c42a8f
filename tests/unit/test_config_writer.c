#include "config_files.h"

#include "base/clock.h"
#include "config/writer_conf.h"

#define REPLAY "replay r { source = /s target = /t }\n"
#define JOB "job j { command = /bin/date target = /t interval = 2 }\n"

static struct writer_conf *load_text(struct scratch *scratch, const char *text)
{
	struct writer_conf *conf;
	const char *messages;

	scratch_write(scratch, "main.conf", text);
	conf = writer_conf_load(scratch->file);
	messages = scratch_messages(scratch);
	if (!conf || *messages)
		fail_msg("not loaded: %s", messages);
	return conf;
}

static void defaults_are_filled_in(void **state)
{
	struct writer_conf *conf = load_text(*state, REPLAY "\n" JOB);
	const struct replay_conf *replay = &conf->replays[0];
	const struct job_conf *job = &conf->jobs[0];

	assert_non_null(strstr(conf->common.pidfile, "/writer.pid"));
	assert_int_equal(conf->common.stop_timeout_ns, 5 * NS_PER_S);
	assert_int_equal(conf->replay_count, 1);
	assert_string_equal(replay->name, "r");
	assert_string_equal(replay->source, "/s");
	assert_string_equal(replay->target, "/t");
	assert_int_equal(replay->interval_ns, 250 * NS_PER_MS);
	assert_null(replay->record_start);
	assert_int_equal(replay->start_line, 1);
	assert_null(replay->start_stamp);
	assert_int_equal(replay->stop_lines, 0);
	assert_int_equal(replay->stop_after_ns, 0);
	assert_int_equal(replay->loops, 1);
	assert_int_equal(replay->loop_delay_ns, 0);
	assert_int_equal(replay->at_end, AT_END_WAIT);
	assert_int_equal(replay->rate_lines, 0);
	assert_int_equal(replay->rate_bytes, 0);
	assert_false(replay->by_stamps);
	assert_string_equal(replay->timestamp, "auto");
	assert_int_equal(replay->timestamp_column, 0);
	assert_null(replay->timestamp_pattern);
	assert_int_equal(replay->speed_thousandths, 1000);
	assert_false(replay->paused);
	assert_false(replay->restamp);
	assert_int_equal(replay->max_gap_ns, 3600 * NS_PER_S);
	assert_int_equal(replay->catch_up, CATCH_UP_BURST);
	assert_int_equal(replay->burst_ns, 60 * NS_PER_S);
	assert_false(rotate_conf_is_set(&replay->rotate));
	assert_string_equal(strrchr(replay->place, ':'), ":1");
	assert_int_equal(conf->job_count, 1);
	assert_string_equal(job->name, "j");
	assert_string_equal(job->command[0], "/bin/date");
	assert_null(job->command[1]);
	assert_string_equal(job->target, "/t");
	assert_int_equal(job->interval_ns, 2 * NS_PER_S);
	assert_int_equal(job->timeout_ns, 0);
	assert_int_equal(job->overlap, OVERLAP_SKIP);
	assert_false(job->first_now);
	assert_false(job->align);
	assert_null(job->stamp);
	assert_string_equal(strrchr(job->place, ':'), ":3");
	writer_conf_free(conf);
}

static void every_key_is_taken(void **state)
{
	struct writer_conf *conf = load_text(*state,
		"replay r { source = /s target = /t interval = 0 at_end = loop catch_up = skip }\n"
		"replay l { source = /s target = /t rate = 50000 burst = 1h\n"
		"record_start = '^\\\\d' loop = 3 loop_delay = 2 start_at = 7 stop_after = \"5000 "
		"lines\" }\n"
		"replay b { source = /s target = /t rate = \"10M/s\"\n"
		"loop = forever stop_after = 10m }\n"
		"replay s { source = /s target = /t pace = timestamps timestamp = '%b %d'\n"
		"timestamp_column = 3 speed = 0.5 max_gap = 5s paused = yes restamp = yes }\n"
		"replay p { source = /s target = /t pace = timestamps timestamp_pattern = 'a(b)'\n"
		"rotate { size = 10M interval = 1h keep = 3 by = copytruncate compress = gz } }\n"
		"replay m { source = /s target = /t start_at = 'Mar 14 00:00:00'\n"
		"rotate { interval = 1d } }\n"
		"job r { command = {/bin/sh, -c, \"echo a b\"} target = /t interval = 100ms\n"
		"timeout = 30 overlap = kill first = now align = yes stamp = \"%H \" }\n");

	assert_int_equal(conf->replays[0].interval_ns, 0);
	assert_int_equal(conf->replays[0].at_end, AT_END_LOOP);
	assert_int_equal(conf->replays[0].catch_up, CATCH_UP_SKIP);
	assert_int_equal(conf->replays[1].rate_lines, 50000);
	assert_int_equal(conf->replays[1].burst_ns, 3600 * NS_PER_S);
	assert_int_equal(conf->replays[0].loops, 0);
	assert_string_equal(conf->replays[1].record_start, "^\\d");
	assert_int_equal(conf->replays[1].loops, 3);
	assert_int_equal(conf->replays[1].loop_delay_ns, 2 * NS_PER_S);
	assert_int_equal(conf->replays[1].start_line, 7);
	assert_int_equal(conf->replays[1].stop_lines, 5000);
	assert_int_equal(conf->replays[2].rate_bytes, 10 << 20);
	assert_int_equal(conf->replays[2].loops, 0);
	assert_true(conf->replays[3].by_stamps);
	assert_string_equal(conf->replays[3].timestamp, "%b %d");
	assert_int_equal(conf->replays[3].timestamp_column, 3);
	assert_int_equal(conf->replays[3].speed_thousandths, 500);
	assert_true(conf->replays[3].paused);
	assert_true(conf->replays[3].restamp);
	assert_int_equal(conf->replays[3].max_gap_ns, 5 * NS_PER_S);
	assert_string_equal(conf->replays[4].timestamp_pattern, "a(b)");
	assert_int_equal(conf->replays[4].rotate.size, 10 << 20);
	assert_int_equal(conf->replays[4].rotate.interval_ns, 3600 * NS_PER_S);
	assert_int_equal(conf->replays[4].rotate.keep, 3);
	assert_true(conf->replays[4].rotate.copy);
	assert_int_equal(conf->replays[4].rotate.compress, PACK_GZ);
	assert_string_equal(conf->replays[5].start_stamp, "Mar 14 00:00:00");
	assert_int_equal(conf->replays[5].start_line, 0);
	assert_int_equal(conf->replays[5].rotate.size, 0);
	assert_int_equal(conf->replays[5].rotate.interval_ns, 86400 * NS_PER_S);
	assert_int_equal(conf->replays[5].rotate.keep, 5);
	assert_false(conf->replays[5].rotate.copy);
	assert_int_equal(conf->replays[5].rotate.compress, PACK_NONE);
	assert_int_equal(conf->replays[2].stop_after_ns, 600 * NS_PER_S);
	assert_string_equal(conf->jobs[0].command[1], "-c");
	assert_string_equal(conf->jobs[0].command[2], "echo a b");
	assert_null(conf->jobs[0].command[3]);
	assert_int_equal(conf->jobs[0].interval_ns, 100 * NS_PER_MS);
	assert_int_equal(conf->jobs[0].timeout_ns, 30 * NS_PER_S);
	assert_int_equal(conf->jobs[0].overlap, OVERLAP_KILL);
	assert_true(conf->jobs[0].first_now);
	assert_true(conf->jobs[0].align);
	assert_string_equal(conf->jobs[0].stamp, "%H ");
	writer_conf_free(conf);
}

static void a_dump_loads_to_the_same_dump(void **state)
{
	struct writer_conf *conf = load_text(*state,
		"log_level = warning\n"
		"replay r { source = \"/s \\\" ${UNSET_HERE:-x}\" target = /t interval = 100ns }\n"
		"replay l { source = /s target = /t rate = 3 record_start = '^\"\\\\d+' loop = 2 "
		"stop_after = \"7 lines\" }\n"
		"replay b { source = /s target = /t rate = \"1025/s\" burst = 0\n"
		"at_end = loop stop_after = 90s }\n"
		"replay s { source = /s target = /t pace = timestamps timestamp_pattern = '\"'\n"
		"speed = 12.345 start_at = 'Mar 14 00:00:00'\n"
		"rotate { size = 1k by = copytruncate compress = zst } }\n"
		"job j { command = {/bin/sh, -c, 'echo \"${HOME}\" \\'$1\\'\\n'} target = /t\n"
		"interval = 2h overlap = queue stamp = \"%s \" }\n");
	char *first = dumped(writer_conf_dump, conf), *second;

	writer_conf_free(conf);
	conf = load_text(*state, first);
	second = dumped(writer_conf_dump, conf);
	assert_string_equal(first, second);
	assert_string_equal(conf->jobs[0].command[2], "echo \"${HOME}\" '$1'\\n");
	writer_conf_free(conf);
	free(first);
	free(second);
}

/* What the supervisor compares on a reload. */
static void text_differs_only_if_the_section_does(void **state)
{
	struct writer_conf *conf = load_text(
		*state, REPLAY JOB "replay r2 { source = /s target = /t interval = 1 }\n");
	struct writer_conf *moved = load_text(*state,
		"# moved\n" JOB "replay r { interval = 250ms source = /s target = \"/t/\" }\n");
	char *replay = replay_conf_text(&conf->replays[0]), *job = job_conf_text(&conf->jobs[0]);
	char *slower = replay_conf_text(&conf->replays[1]);
	char *replay_moved = replay_conf_text(&moved->replays[0]);
	char *job_moved = job_conf_text(&moved->jobs[0]);

	assert_string_equal(replay, replay_moved);
	assert_string_equal(job, job_moved);
	assert_string_not_equal(strchr(replay, '\n'), strchr(slower, '\n'));
	free(replay);
	free(job);
	free(slower);
	free(replay_moved);
	free(job_moved);
	writer_conf_free(conf);
	writer_conf_free(moved);
}

static void adhoc_makes_one_replay_that_ends(void **state)
{
	struct scratch *scratch = *state;
	struct writer_conf *conf;
	char expected[128];

	assert_int_equal(chdir(scratch->directory), 0);
	snprintf(expected, sizeof(expected), "%s/in.log", scratch->directory);
	conf = writer_conf_adhoc("in.log", "-");
	assert_non_null(conf);
	assert_int_equal(conf->replay_count, 1);
	assert_string_equal(conf->replays[0].source, expected);
	assert_string_equal(conf->replays[0].target, "-");
	assert_int_equal(conf->replays[0].at_end, AT_END_EXIT);
	assert_int_equal(conf->replays[0].interval_ns, 250 * NS_PER_MS);
	assert_null(conf->common.state);
	writer_conf_free(conf);

	snprintf(expected, sizeof(expected), "%s/out.log", scratch->directory);
	conf = writer_conf_adhoc("in.log", "./out.log");
	assert_non_null(conf);
	assert_string_equal(conf->replays[0].target, expected);
	writer_conf_free(conf);
	assert_string_equal(scratch_messages(scratch), "");
	assert_int_equal(chdir("/"), 0);
}

static void adhoc_refuses_its_own_source(void **state)
{
	assert_null(writer_conf_adhoc("/tmp/in.log", "/tmp//in.log"));
	assert_non_null(strstr(scratch_messages(*state), "this is the source itself"));
}

#define with_scratch(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_scratch(defaults_are_filled_in),
		with_scratch(every_key_is_taken),
		with_scratch(a_dump_loads_to_the_same_dump),
		with_scratch(text_differs_only_if_the_section_does),
		with_scratch(adhoc_makes_one_replay_that_ends),
		with_scratch(adhoc_refuses_its_own_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
