/* The lines of a section, written so that they read back the same. */
#ifndef CONFIG_TEXT_H
#define CONFIG_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* In double quotes, whatever bytes it holds. */
void text_quoted(FILE *out, const char *value);

/* One line, key = value; none for a value or list that is NULL. */
void text_string(FILE *out, const char *key, const char *value);
void text_list(FILE *out, const char *key, char *const *values);
void text_duration(FILE *out, const char *key, uint64_t ns);
void text_byte_rate(FILE *out, const char *key, uint64_t bytes_per_second);
/* With up to three decimals. */
void text_speed(FILE *out, const char *key, uint64_t thousandths);
void text_size(FILE *out, const char *key, size_t bytes);
void text_count(FILE *out, const char *key, size_t count);

/* tail "app" { ... } around them. */
void text_open(FILE *out, const char *kind, const char *title);
void text_close(FILE *out);

#endif
