/*
 * Text of others, such as file names, made fit for where it goes: valid UTF-8 passes, other bytes
 * and control characters come out as "\xNN".
 */
#ifndef CTL_ESCAPE_H
#define CTL_ESCAPE_H

#include <stddef.h>
#include <stdio.h>

/* For a terminal, on one line. */
void escape_terminal(FILE *out, const char *bytes, size_t len);

/* A JSON string in its quotes (RFC 8259, section 7). */
void escape_json(FILE *out, const char *text);

/* The value of a label without its quotes (Prometheus text format 0.0.4). */
void escape_label(FILE *out, const char *text);

/* Bytes of the UTF-8 character (RFC 3629) that begins there, at most `len`; 0: none does. */
size_t escape_utf8_length(const char *bytes, size_t len);

#endif
