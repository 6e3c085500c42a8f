#include "ctl/families.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct family {
	char *name;
	const char *help;
	char *samples; /* whole lines */
};

static struct family *find(struct families *families, const char *name)
{
	for (size_t i = 0; i < families->count; i++)
		if (strcmp(families->family[i].name, name) == 0)
			return &families->family[i];
	return NULL;
}

static struct family *make(struct families *families, const char *name, const char *help)
{
	struct family *all = reallocarray(families->family, families->count + 1, sizeof(*all));
	struct family made = { strdup(name), help, strdup("") };

	if (all)
		families->family = all;
	if (!all || !made.name || !made.samples) {
		free(made.name);
		free(made.samples);
		return NULL;
	}
	all[families->count] = made;
	return &all[families->count++];
}

/* Whole numbers, as all but times are, come out as such. */
static int format(char **sample, const char *name, const char *labels, double value)
{
	return asprintf(
		sample, "%s{%s} %.*f\n", name, labels, value == floor(value) ? 0 : 6, value);
}

static bool has(const struct family *family, const char *sample)
{
	size_t key = (size_t)(strrchr(sample, '}') - sample) + 2; /* behind the labels */

	for (const char *line = family->samples; *line; line = strchr(line, '\n') + 1)
		if (strncmp(line, sample, key) == 0)
			return true;
	return false;
}

static int append(struct family *family, const char *sample)
{
	size_t len = strlen(family->samples), more = strlen(sample) + 1;
	char *samples;

	if (has(family, sample))
		return 0;
	samples = realloc(family->samples, len + more);
	if (!samples)
		return -ENOMEM;
	memcpy(samples + len, sample, more);
	family->samples = samples;
	return 0;
}

void families_add(struct families *families, const char *name, const char *help, const char *labels,
	double value)
{
	struct family *family = find(families, name);
	char *sample;

	if (!family)
		family = make(families, name, help);
	if (!family || format(&sample, name, labels, value) < 0) {
		families->error = -ENOMEM;
		return;
	}
	if (append(family, sample) < 0)
		families->error = -ENOMEM;
	free(sample);
}

static bool is_counter(const char *name)
{
	size_t len = strlen(name);

	return len > 6 && strcmp(name + len - 6, "_total") == 0;
}

void families_print(const struct families *families, FILE *out)
{
	for (size_t i = 0; i < families->count; i++) {
		const struct family *family = &families->family[i];

		fprintf(out, "# HELP %s %s\n# TYPE %s %s\n%s", family->name, family->help,
			family->name, is_counter(family->name) ? "counter" : "gauge",
			family->samples);
	}
}

void families_free(struct families *families)
{
	for (size_t i = 0; i < families->count; i++) {
		free(families->family[i].name);
		free(families->family[i].samples);
	}
	free(families->family);
	*families = (struct families){ 0 };
}
