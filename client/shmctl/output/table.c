/*
 * The cells are one array, a row after the other; the titles are its first row.
 */
#include "table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define GAP 2

struct table {
	const struct column *columns;
	size_t columns_n;
	char **cells;
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
	for (size_t i = 0; i < n; i++)
		table_add(table, "%s", columns[i].title);
	return table;
}

static int grow(struct table *table)
{
	size_t room = table->room ? table->room * 2 : 64;
	char **cells = reallocarray(table->cells, room, sizeof(*cells));

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
	table->cells[table->cells_n++] = cell;
}

static size_t column_width(const struct table *table, size_t column)
{
	size_t width = 0;

	for (size_t i = column; i < table->cells_n; i += table->columns_n)
		if (strlen(table->cells[i]) > width)
			width = strlen(table->cells[i]);
	return width;
}

/* WIDTHS has one for each column. */
static void print_cells(const struct table *table, const int *widths, FILE *out)
{
	for (size_t i = 0; i < table->cells_n; i++) {
		size_t column = i % table->columns_n;
		bool is_last = column == table->columns_n - 1;

		if (table->columns[column].side == COLUMN_RIGHT)
			fprintf(out, "%*s", widths[column], table->cells[i]);
		else if (is_last)
			fputs(table->cells[i], out);
		else
			fprintf(out, "%-*s", widths[column], table->cells[i]);
		fprintf(out, "%*s", is_last ? 0 : GAP, "");
		if (is_last)
			fputc('\n', out);
	}
}

int table_print(const struct table *table, FILE *out)
{
	int *widths;

	if (!table || table->is_short_of_memory)
		return -ENOMEM;
	widths = calloc(table->columns_n, sizeof(*widths));
	if (!widths)
		return -ENOMEM;
	for (size_t i = 0; i < table->columns_n; i++)
		widths[i] = (int)column_width(table, i);
	print_cells(table, widths, out);
	free(widths);
	return 0;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->cells_n; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}
