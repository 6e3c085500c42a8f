#include "ctl/json.h"

#include "ctl/escape.h"

#include <inttypes.h>
#include <math.h>

static void begin_line(const struct json *json)
{
	fprintf(json->out, "\n%*s", (int)json->depth * 2, "");
}

static void begin(struct json *json, const char *name)
{
	if (json->more)
		fputc(',', json->out);
	if (json->depth > 0)
		begin_line(json);
	json->more = true;
	if (name) {
		escape_json(json->out, name);
		fputs(": ", json->out);
	}
}

void json_open(struct json *json, const char *name, char bracket)
{
	begin(json, name);
	fputc(bracket, json->out);
	json->depth++;
	json->more = false;
}

void json_close(struct json *json, char bracket)
{
	json->depth--;
	if (json->more)
		begin_line(json);
	fputc(bracket, json->out);
	if (json->depth == 0)
		fputc('\n', json->out);
	json->more = true;
}

void json_text(struct json *json, const char *name, const char *value)
{
	begin(json, name);
	escape_json(json->out, value);
}

void json_number(struct json *json, const char *name, uint64_t value)
{
	begin(json, name);
	fprintf(json->out, "%" PRIu64, value);
}

void json_real(struct json *json, const char *name, double value)
{
	if (!isfinite(value)) {
		json_null(json, name);
		return;
	}
	begin(json, name);
	fprintf(json->out, "%.3f", value);
}

void json_null(struct json *json, const char *name)
{
	begin(json, name);
	fputs("null", json->out);
}
