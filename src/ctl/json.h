/* A JSON text (RFC 8259), written from front to back. A `name` of NULL is for elements of arrays.
 */
#ifndef CTL_JSON_H
#define CTL_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *out;
	unsigned depth;
	bool more; /* something stands before, on this level */
};

void json_open(struct json *json, const char *name, char bracket);
void json_close(struct json *json, char bracket);

void json_text(struct json *json, const char *name, const char *value);
void json_number(struct json *json, const char *name, uint64_t value);
void json_real(struct json *json, const char *name, double value); /* null if it is not finite */
void json_null(struct json *json, const char *name);

#endif
