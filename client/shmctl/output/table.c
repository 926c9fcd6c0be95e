/*
 * The cells are one array, a row after the other; the titles are its first row.
 */
#include "table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define GAP       2
#define WORDS_MIN 12 /* to which a column of words is cut before columns are left out */
#define MORE_MARK '~'

struct cell {
	char *text;
	enum style style;
};

struct table {
	const struct column *columns;
	size_t columns_n;
	struct cell *cells;
	size_t cells_n;
	size_t room; /* for so many cells */
	bool is_short_of_memory;
};

struct table *table_new(const struct column *columns, size_t n)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->columns = columns;
	table->columns_n = n;
	for (size_t i = 0; i < n; i++) {
		table_add(table, "%s", columns[i].title);
		table_style(table, STYLE_TITLE);
	}
	return table;
}

static int grow(struct table *table)
{
	size_t room = table->room ? table->room * 2 : 64;
	struct cell *cells = reallocarray(table->cells, room, sizeof(*cells));

	if (!cells)
		return -ENOMEM;
	table->cells = cells;
	table->room = room;
	return 0;
}

void table_add(struct table *table, const char *format, ...)
{
	va_list arguments;
	char *cell;
	int r;

	if (!table || table->is_short_of_memory)
		return;
	va_start(arguments, format);
	r = vasprintf(&cell, format, arguments);
	va_end(arguments);
	if (r < 0) {
		table->is_short_of_memory = true;
		return;
	}
	if (table->cells_n == table->room && grow(table) < 0) {
		table->is_short_of_memory = true;
		free(cell);
		return;
	}
	table->cells[table->cells_n++] = (struct cell){.text = cell};
}

void table_style(struct table *table, enum style style)
{
	if (table && !table->is_short_of_memory)
		table->cells[table->cells_n - 1].style = style;
}

/* Whether it is of a character of UTF-8 that an earlier byte begins. */
static bool is_inside(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

/* How many columns of a terminal TEXT takes, if none of its characters takes two. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += !is_inside(*text);
	return width;
}

/* A TEXT that is wider than WIDTH. */
static void cut(char *text, size_t width)
{
	size_t n = 0;

	while (is_inside(*text) || n++ < width - 1)
		text++;
	text[0] = MORE_MARK;
	text[1] = '\0';
}

static size_t column_width(const struct table *table, size_t column)
{
	size_t width = 0;

	for (size_t i = column; i < table->cells_n; i += table->columns_n)
		if (width_of(table->cells[i].text) > width)
			width = width_of(table->cells[i].text);
	return width;
}

/* What is left of a COLUMN of that WIDTH when it is cut as far as it may be. */
static size_t least_width(const struct column *column, size_t width)
{
	size_t title = strlen(column->title);
	size_t least = title > WORDS_MIN ? title : WORDS_MIN;

	return column->side == COLUMN_RIGHT || width < least ? width : least;
}

/* How many of the columns fit into LINE when they are cut as far as they may be; one at least. */
static size_t count_fitting(const struct table *table, const size_t *widths, size_t line)
{
	size_t n = 0, used = 0;

	while (n < table->columns_n) {
		used += (n ? GAP : 0) + least_width(&table->columns[n], widths[n]);
		if (used > line)
			break;
		n++;
	}
	return n ? n : 1;
}

/* The widest of the first N columns that may still be cut; N for none. */
static size_t find_widest(const struct table *table, const size_t *widths, size_t n)
{
	size_t widest = n;

	for (size_t i = 0; i < n; i++)
		if (widths[i] > least_width(&table->columns[i], widths[i]) &&
		    (widest == n || widths[i] > widths[widest]))
			widest = i;
	return widest;
}

/* Cut the columns until they fit into LINE. Returns how many of them there are then. */
static size_t fit(const struct table *table, size_t *widths, size_t line)
{
	size_t n = count_fitting(table, widths, line), used = (n - 1) * GAP;

	for (size_t i = 0; i < n; i++)
		used += widths[i];
	while (used > line) {
		size_t i = find_widest(table, widths, n), excess = used - line;
		size_t least = i < n ? least_width(&table->columns[i], widths[i]) : 1;

		if (i == n) /* not even the first column */
			i = 0;
		if (widths[i] - least < excess)
			excess = widths[i] - least;
		if (excess == 0)
			break;
		widths[i] -= excess;
		used -= excess;
	}
	return n;
}

static void print_cell(const struct cell *cell, enum column_side side, size_t width, bool is_last,
		       FILE *out)
{
	int rest;

	if (width_of(cell->text) > width)
		cut(cell->text, width);
	rest = (int)(width - width_of(cell->text));
	fprintf(out, "%*s", side == COLUMN_RIGHT ? rest : 0, "");
	style_print(out, cell->style, cell->text);
	if (!is_last)
		fprintf(out, "%*s", (side == COLUMN_LEFT ? rest : 0) + GAP, "");
}

/* The first N columns, each of which has a width. */
static void print_cells(const struct table *table, const size_t *widths, size_t n, FILE *out)
{
	for (size_t i = 0; i < table->cells_n; i++) {
		size_t column = i % table->columns_n;

		if (column >= n)
			continue;
		print_cell(&table->cells[i], table->columns[column].side, widths[column],
			   column == n - 1, out);
		if (column == n - 1)
			fputc('\n', out);
	}
}

int table_print(struct table *table, FILE *out)
{
	size_t *widths, n;

	if (!table || table->is_short_of_memory)
		return -ENOMEM;
	n = table->columns_n;
	widths = calloc(n, sizeof(*widths));
	if (!widths)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		widths[i] = column_width(table, i);
	if (style_width() > 0)
		n = fit(table, widths, style_width());
	print_cells(table, widths, n, out);
	if (n < table->columns_n)
		fprintf(out, "+%zu columns\n", table->columns_n - n);
	free(widths);
	return 0;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->cells_n; i++)
		free(table->cells[i].text);
	free(table->cells);
	free(table);
}
