/* Run in the top directory: modules are built from sources with the public header alone. */
#include "handler_driver.h"

#include <limits.h>

static char top[PATH_MAX];

static void compile(const char *source, const char *object)
{
	char include[PATH_MAX + 16];
	const char *compiler = getenv("CC");
	pid_t pid = fork();
	int status = -1;

	snprintf(include, sizeof(include), "-I%s/include", top);
	if (pid == 0) {
		execlp(compiler ? compiler : "cc", "cc", "-shared", "-fPIC", "-Wall", "-Wextra",
			"-Werror", include, "-o", object, source, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

static const char *built(const char *code)
{
	store(here("module.c"), code);
	compile(here("module.c"), here("module.so"));
	return here("module.so");
}

static const char *example(const char *name)
{
	char source[PATH_MAX + 64];

	snprintf(source, sizeof(source), "%s/docs/examples/%s.c", top, name);
	compile(source, here("module.so"));
	return here("module.so");
}

static void load_module(struct driver *driver, const char *path, const char *const *options)
{
	driver_configure(driver, "print", NULL);
	for (size_t i = 0; options && options[i]; i++)
		driver->options[i] = options[i];
	assert_int_equal(handler_find("module", path, &driver->handler, driver->reason,
				 sizeof(driver->reason)),
		0);
}

static void assert_refused(const char *path, const char *reason)
{
	const struct lk_handler *handler;
	char said[512];

	assert_true(handler_find("module", path, &handler, said, sizeof(said)) < 0);
	if (!strstr(said, reason))
		fail_msg("\"%s\" lacks \"%s\"", said, reason);
}

static void what_is_no_module_is_refused_with_the_reason(void **state)
{
	(void)state;
	assert_refused(NULL, "no module is set");
	assert_refused("", "no module is set");
	assert_refused("./mine.so", "neither an absolute path nor a bare name");
	assert_refused("no-such-name", HANDLERDIR "/no-such-name.so: cannot open");
	assert_refused("/no/such.so", "/no/such.so: cannot open shared object file: No such file");
	store(here("text"), "not a shared object");
	assert_refused(here("text"), "file too short");
}

static void an_incomplete_module_is_refused_with_the_reason(void **state)
{
	(void)state;
	assert_refused(built("int other;\n"), "no symbol \"linekeeper_handler\"");
	assert_refused(built("unsigned linekeeper_handler = 99;\n"), "handler ABI 99");
	assert_refused(built("#include <linekeeper/handler.h>\n"
			     "const struct lk_handler linekeeper_handler = {"
			     ".abi = LINEKEEPER_HANDLER_ABI, .name = \"x\" };\n"),
		"its handler has no \"open\"");
	assert_refused(built("void missing(void); void *user(void); void *user(void) {"
			     "missing(); return 0; }\n"),
		"undefined symbol: missing");
}

static void the_smallest_module_takes_lines(void **state)
{
	struct driver driver;
	int out, saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
	enum lk_verdict verdict;

	(void)state;
	load_module(&driver, example("hello"), NULL);
	assert_string_equal(driver.handler->name, "hello");
	assert_int_equal(driver_open(&driver, NULL, 0), 0);
	fflush(stdout);
	out = open(here("out"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	dup2(out, STDOUT_FILENO);
	verdict = driver_put(&driver, "one\ntwo\n");
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(out);
	assert_int_equal(verdict, LK_OK);
	assert_int_equal(driver_commit(&driver), LK_OK);
	driver_close(&driver);
	assert_string_equal(
		load(here("out")), "hello, /var/log/app.log: one\nhello, /var/log/app.log: two\n");
}

static void a_bad_line_is_named_by_what_was_accepted_before_it(void **state)
{
	struct driver driver;

	(void)state;
	load_module(&driver,
		built("#include <linekeeper/handler.h>\n"
		      "static enum lk_verdict take(const struct lk_batch *batch,"
		      " const struct lk_line *line)\n"
		      "{ (void)batch; return line->len == 3 ? LK_OK : LK_BAD; }\n"
		      "LINEKEEPER_HANDLER(\"three\", take);\n"),
		NULL);
	assert_int_equal(driver_open(&driver, NULL, 0), 0);
	assert_int_equal(driver_put(&driver, "one\ntwo\nthree\n"), LK_BAD);
	assert_int_equal(driver.result.accepted, 2);
	driver_close(&driver);
}

static void the_counting_example_counts_exactly_through_a_crash(void **state)
{
	static char table[160];
	const char *options[] = { table, NULL };
	struct driver driver;
	struct lk_token token;

	(void)state;
	snprintf(table, sizeof(table), "table=%s", here("counts"));
	load_module(&driver, example("count"), options);
	assert_int_equal(driver_check(&driver), 0);
	assert_int_equal(driver_open(&driver, NULL, 0), 0);
	assert_int_equal(driver_commit(&driver), LK_OK);
	driver_put(&driver, "one\ntwo\n");
	assert_int_equal(driver_commit(&driver), LK_OK);
	token = driver.token;
	/* Committed, but the checkpoint was not saved. */
	driver_put(&driver, "three\n");
	assert_int_equal(driver_commit(&driver), LK_OK);
	driver_close(&driver);
	assert_int_equal(driver_open(&driver, token.text, 1), 0);
	driver_put(&driver, "three\n");
	assert_int_equal(driver_commit(&driver), LK_OK);
	assert_string_equal(load(driver.token.text[0] == '0' ? here("counts.0") : here("counts.1")),
		"file-1 3\n");
	driver_close(&driver);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, enter_directory, leave_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(what_is_no_module_is_refused_with_the_reason),
		IN_DIRECTORY(an_incomplete_module_is_refused_with_the_reason),
		IN_DIRECTORY(the_smallest_module_takes_lines),
		IN_DIRECTORY(a_bad_line_is_named_by_what_was_accepted_before_it),
		IN_DIRECTORY(the_counting_example_counts_exactly_through_a_crash),
	};

	if (!getcwd(top, sizeof(top)))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
