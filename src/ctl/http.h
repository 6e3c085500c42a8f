/*
 * One HTTP request on standard input, one answer on standard output, as a super-daemon hands a
 * connection over (RFC 9110, RFC 9112). GET and HEAD of /metrics; nothing else is here.
 */
#ifndef CTL_HTTP_H
#define CTL_HTTP_H

#include "ctl/places.h"

#include <stdbool.h>
#include <stddef.h>

#define HTTP_HEAD_MAX 8192 /* bytes of request line and header fields */

enum http_method { HTTP_GET, HTTP_HEAD };

/* What the head of a request asks for: 200, or the status to refuse it with (400, 404, 405, 505).
 * `head` ends with its empty line and is cut to pieces. */
int http_parse(char *head, enum http_method *method);

/* Returns the exit status: that the client asked for the wrong thing is no failure. */
int http_serve(const struct places *places);

#endif
