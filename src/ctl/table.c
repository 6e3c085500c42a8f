#include "ctl/table.h"

#include "ctl/escape.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define GAP 2
#define SHORTEST 12
#define DOTS "..."

void table_init(struct table *table, const char *const *headings)
{
	*table = (struct table){ .headings = headings };
	while (headings[table->columns])
		table->columns++;
}

static char *escaped(const char *bytes, size_t len)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	escape_terminal(out, bytes, len);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static void add(struct table *table, enum colour colour, const char *bytes, size_t len)
{
	struct cell *cells = reallocarray(table->cells, table->count + 1, sizeof(*cells));

	if (!cells)
		return;
	table->cells = cells;
	cells[table->count++] = (struct cell){ escaped(bytes, len), colour };
}

void table_add_bytes(struct table *table, const char *bytes, size_t len)
{
	add(table, COLOUR_NONE, bytes, len);
}

void table_add(struct table *table, enum colour colour, const char *format, ...)
{
	va_list arguments;
	char *text;
	int len;

	va_start(arguments, format);
	len = vasprintf(&text, format, arguments);
	va_end(arguments);
	add(table, colour, len < 0 ? "" : text, len < 0 ? 0 : (size_t)len);
	if (len >= 0)
		free(text);
}

static const char *text_of(const struct cell *cell)
{
	return cell->text ? cell->text : "";
}

static const char *next_character(const char *text)
{
	return text + escape_utf8_length(text, strlen(text));
}

/* Characters, not bytes. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text = next_character(text))
		width++;
	return width;
}

static bool may_shrink(const struct table *table, size_t column)
{
	return table->headings[column][0] == '<';
}

static bool is_left(const struct table *table, size_t column)
{
	return table->headings[column][0] == '-' || may_shrink(table, column);
}

static const char *heading(const struct table *table, size_t column)
{
	return table->headings[column] + is_left(table, column);
}

static size_t column_width(const struct table *table, size_t column)
{
	size_t widest = width_of(heading(table, column));

	for (size_t i = column; i < table->count; i += table->columns) {
		size_t width = width_of(text_of(&table->cells[i]));

		if (width > widest)
			widest = width;
	}
	return widest;
}

static void fit(const struct table *table, size_t *widths)
{
	size_t all = GAP * (table->columns - 1), over;

	for (size_t i = 0; i < table->columns; i++)
		all += widths[i];
	over = table->width && all > table->width ? all - table->width : 0;
	for (size_t i = 0; i < table->columns; i++) {
		size_t room = widths[i] > SHORTEST ? widths[i] - SHORTEST : 0;
		size_t less = room < over ? room : over;

		if (!may_shrink(table, i))
			continue;
		widths[i] -= less;
		over -= less;
	}
}

void table_put(FILE *out, bool colours, enum colour colour, const char *text)
{
	static const char *const begin[] = {
		[COLOUR_GOOD] = "\033[32m",
		[COLOUR_WARNING] = "\033[33m",
		[COLOUR_BAD] = "\033[31m",
	};
	bool coloured = colours && colour != COLOUR_NONE;

	fprintf(out, "%s%s%s", coloured ? begin[colour] : "", text, coloured ? "\033[0m" : "");
}

static void pad(FILE *out, size_t width)
{
	fprintf(out, "%*s", (int)width, "");
}

/* Of what is too long the end is shown: that of a path tells most. */
static void put_cell(FILE *out, bool colours, const struct cell *cell, size_t width)
{
	const char *text = text_of(cell);
	size_t over = width_of(text) > width ? width_of(text) - width + strlen(DOTS) : 0;

	if (over > 0)
		fputs(DOTS, out);
	while (over-- > 0)
		text = next_character(text);
	table_put(out, colours, cell->colour, text);
}

/* Behind the last column that has a text. */
static size_t row_end(const struct table *table, const struct cell *row)
{
	size_t end = table->columns;

	while (end > 0 && !*text_of(&row[end - 1]))
		end--;
	return end;
}

/* No spaces at the end of a line. */
static void print_row(const struct table *table, const struct cell *row, const size_t *widths,
	FILE *out, bool colours)
{
	size_t end = row_end(table, row);

	for (size_t i = 0; i < end; i++) {
		size_t width = width_of(text_of(&row[i]));
		size_t rest = width < widths[i] ? widths[i] - width : 0;

		if (!is_left(table, i))
			pad(out, rest);
		put_cell(out, colours, &row[i], widths[i]);
		if (i + 1 < end)
			pad(out, is_left(table, i) ? rest + GAP : GAP);
	}
	fputc('\n', out);
}

void table_print(const struct table *table, FILE *out, bool colours)
{
	size_t *widths = calloc(table->columns, sizeof(*widths));
	struct cell *head = calloc(table->columns, sizeof(*head));

	for (size_t i = 0; widths && head && i < table->columns; i++) {
		widths[i] = column_width(table, i);
		head[i].text = (char *)heading(table, i);
	}
	if (widths && head) {
		fit(table, widths);
		print_row(table, head, widths, out, colours);
		for (size_t i = 0; i + table->columns <= table->count; i += table->columns)
			print_row(table, &table->cells[i], widths, out, colours);
	}
	free(widths);
	free(head);
}

void table_free(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i].text);
	free(table->cells);
	*table = (struct table){ 0 };
}
