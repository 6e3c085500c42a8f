/* A table on a terminal or in a file: columns as wide as their widest cell, two spaces apart. */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum colour { COLOUR_NONE, COLOUR_GOOD, COLOUR_WARNING, COLOUR_BAD };

struct cell {
	char *text;
	enum colour colour;
};

struct table {
	/* NULL at the end; "-X" aligns to the left, "<X" as well, and may lose its beginnings. */
	const char *const *headings;
	size_t columns;
	struct cell *cells; /* row by row */
	size_t count;
	size_t width; /* to fit into, as far as the columns that may lose something allow; 0: any */
};

void table_init(struct table *table, const char *const *headings);

/* The next cell; its text is made fit for a terminal. Out of memory it stays empty. */
void table_add(struct table *table, enum colour colour, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for bytes of any kind. */
void table_add_bytes(struct table *table, const char *bytes, size_t len);

void table_print(const struct table *table, FILE *out, bool colours);
void table_free(struct table *table);

/* One text in this colour. */
void table_put(FILE *out, bool colours, enum colour colour, const char *text);

#endif
