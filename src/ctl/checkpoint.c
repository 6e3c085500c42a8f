#include "ctl/checkpoint.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/status.h"
#include "config/paths.h"
#include "ctl/output.h"
#include "ctl/saved.h"
#include "ctl/surgery.h"
#include "ctl/table.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "tail-"
#define ENDING ".checkpoint"

static const char usage[] = "checkpoint show [SECTION] | set SECTION PATH OFFSET | "
			    "forget SECTION [PATH]; see --help";

static int fail(const char *what, int error)
{
	log_error("%s: %s", what,
		error == -EBADMSG  ? "damaged, or of another version"
		: error == -EINVAL ? "is no name of a section"
				   : reason(error));
	return error == -EACCES || error == -EPERM ? STATUS_PERMISSION : STATUS_FAILURE;
}

/* "tail app" is "app". */
static const char *section_name(const char *text)
{
	return strncmp(text, "tail ", 5) == 0 ? text + 5 : text;
}

/* Showing */

static const char *const headings[] = { "-SECTION", "-FILE", "OFFSET", "SEEN", "LAG", "AGE",
	"HANDED", "REFUSED", "SKIPPED", "LOST", "GAPS", NULL };

static void add_record(struct table *table, const char *section, const struct record *record)
{
	const struct accounts *accounts = &record->accounts;
	struct lag lag;

	table_add(table, COLOUR_NONE, "%s", section);
	table_add_bytes(table, record->path, strlen(record->path));
	table_add(table, COLOUR_NONE, "%" PRIu64, record->place.offset);
	table_add(table, COLOUR_NONE, "%" PRIu64, record->size);
	if (saved_lag(record, clock_realtime_ns(), &lag)) {
		table_add(table, COLOUR_NONE, "%" PRIu64, lag.bytes);
		table_add(table, COLOUR_NONE, "%" PRIu64 "s", lag.seconds);
	} else {
		table_add(table, COLOUR_NONE, "-");
		table_add(table, COLOUR_NONE, "-");
	}
	table_add(table, COLOUR_NONE, "%" PRIu64, accounts->handed);
	table_add(table, COLOUR_NONE, "%" PRIu64, accounts->refused);
	table_add(table, COLOUR_NONE, "%" PRIu64, accounts->skipped);
	table_add(table, COLOUR_NONE, "%" PRIu64, accounts->lost);
	table_add(table, COLOUR_NONE, "%" PRIu64, accounts->gaps);
}

static int add_section(struct table *table, int directory, const char *name)
{
	struct saved saved;
	int error = saved_read(directory, name, &saved);

	if (error == -ENOENT) {
		log_error("%s: there is no checkpoint of this section", name);
		return STATUS_FAILURE;
	}
	if (error)
		return fail(name, error);
	for (size_t i = 0; i < saved.tracker.count; i++)
		for (const struct logfile *file = saved.tracker.streams[i]->oldest; file;
			file = file->younger)
			add_record(table, name, &file->record);
	saved_free(&saved);
	return STATUS_OK;
}

static int is_checkpoint(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > strlen(PREFIX ENDING) && strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0 &&
	       strcmp(entry->d_name + len - strlen(ENDING), ENDING) == 0;
}

static int add_all(struct table *table, int directory)
{
	struct dirent **entries;
	int status = STATUS_OK,
	    count = scandirat(directory, ".", &entries, is_checkpoint, alphasort);

	if (count < 0)
		return fail("state directory", -errno);
	for (int i = 0; i < count; i++) {
		char *name = entries[i]->d_name + strlen(PREFIX);
		int one;

		name[strlen(name) - strlen(ENDING)] = '\0';
		one = add_section(table, directory, name);
		if (status == STATUS_OK)
			status = one;
		free(entries[i]);
	}
	free(entries);
	return status;
}

static int show(const struct checkpoint_choice *choice, int directory, const char *section)
{
	struct table table;
	int status;

	(void)choice;
	table_init(&table, headings);
	status = section ? add_section(&table, directory, section) : add_all(&table, directory);
	if (table.count > 0)
		table_print(&table, stdout, false);
	table_free(&table);
	return output_finish() ? STATUS_FAILURE : status;
}

/* Changing */

/* What we write must stay the daemon's own. */
static int become_owner(int directory)
{
	struct stat st;

	if (fstat(directory, &st) < 0)
		return -errno;
	if (geteuid() != 0 || st.st_uid == 0)
		return 0;
	return setegid(st.st_gid) < 0 || seteuid(st.st_uid) < 0 ? -errno : 0;
}

static int lock(int directory, const char *section)
{
	int error = become_owner(directory), fd;

	if (error)
		return error;
	fd = saved_lock(directory, section);
	if (fd == -EWOULDBLOCK)
		log_error("tail \"%s\" is at work: stop the tailer first, or take this section out "
			  "of its configuration and reload it",
			section);
	return fd;
}

static int change(const struct checkpoint_choice *choice, int directory, const char *section,
	const struct surgery *surgery)
{
	int status, fd = lock(directory, section);

	if (fd == -EWOULDBLOCK)
		return STATUS_FAILURE;
	if (fd < 0)
		return fail(section, fd);
	status = surgery_run(surgery, directory, section, choice->force);
	close(fd); /* the lock */
	return status;
}

static bool parse_offset(const char *text, uint64_t *offset)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*offset = strtoull(text, &end, 10);
	return *end == '\0' && errno == 0 && *offset <= INT64_MAX;
}

/* As the configuration would have it. */
static char *tidy_path(const char *path)
{
	char *absolute = *path ? file_absolute(path) : NULL;

	if (absolute)
		path_tidy(absolute);
	return absolute;
}

static int set(const struct checkpoint_choice *choice, int directory, const char *section)
{
	struct surgery surgery = { .path = tidy_path(choice->arguments[2]) };
	int status;

	if (!surgery.path || !parse_offset(choice->arguments[3], &surgery.offset)) {
		log_error("%s", surgery.path ? "OFFSET is a number of bytes, counted from 0"
					     : "PATH is empty");
		free(surgery.path);
		return STATUS_USAGE;
	}
	/* With the rights of the caller, who may read more than the daemon's directory's owner. */
	status = surgery_open(&surgery);
	if (status == STATUS_OK)
		status = change(choice, directory, section, &surgery);
	surgery_close(&surgery);
	free(surgery.path);
	return status;
}

static int forget(const struct checkpoint_choice *choice, int directory, const char *section)
{
	struct surgery surgery = { .forget = true };
	int status;

	if (choice->count > 2)
		surgery.path = tidy_path(choice->arguments[2]);
	if (choice->count > 2 && !surgery.path) {
		log_error("PATH is empty");
		return STATUS_USAGE;
	}
	status = change(choice, directory, section, &surgery);
	free(surgery.path);
	return status;
}

struct verb {
	const char *name;
	size_t least, most; /* arguments, this one included */
	int (*run)(const struct checkpoint_choice *choice, int directory, const char *section);
};

static const struct verb *find_verb(const struct checkpoint_choice *choice)
{
	static const struct verb verbs[] = {
		{ "show", 1, 2, show },
		{ "set", 4, 4, set },
		{ "forget", 2, 3, forget },
	};

	for (size_t i = 0; choice->count > 0 && i < sizeof(verbs) / sizeof(*verbs); i++)
		if (strcmp(choice->arguments[0], verbs[i].name) == 0 &&
			choice->count >= verbs[i].least && choice->count <= verbs[i].most)
			return &verbs[i];
	return NULL;
}

int checkpoint_run(const struct checkpoint_choice *choice)
{
	const struct verb *verb = find_verb(choice);
	const char *section = choice->count > 1 ? section_name(choice->arguments[1]) : NULL;
	char *state;
	int directory, status;

	if (!verb) {
		log_error("%s", usage);
		return STATUS_USAGE;
	}
	state = places_state(choice->places);
	if (!state)
		return STATUS_FAILURE;
	directory = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	status = directory < 0 ? fail(state, -errno) : verb->run(choice, directory, section);
	if (directory >= 0)
		close(directory);
	free(state);
	return status;
}
