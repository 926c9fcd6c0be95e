/*
 * A table for people: columns as wide as their widest cell, two spaces apart, nothing at the end of
 * a line that cannot be seen.
 *
 * On a terminal that is too narrow words are cut, which "~" at their ends shows, the widest column
 * first; where that is not enough columns are left out from the right, and the last line says how
 * many. Into a file or a pipe all goes as it is.
 *
 * Cells are added one after the other, row by row. A lack of memory is remembered and told by
 * table_print().
 */
#ifndef SHMCTL_OUTPUT_TABLE_H
#define SHMCTL_OUTPUT_TABLE_H

#include <stddef.h>
#include <stdio.h>

#include "base/attr.h"
#include "style.h"

struct column {
	const char *title;
	enum column_side { COLUMN_LEFT, COLUMN_RIGHT } side; /* words stand left, numbers right */
};

struct table;

/* Borrows COLUMNS. NULL when there is no memory, which the other calls then know how to handle. */
struct table *table_new(const struct column *columns, size_t n);
void table_add(struct table *table, const char *format, ...) attr_printf(2, 3);

/* How the cell looks that was added last. */
void table_style(struct table *table, enum style style);

/* Print the titles and all rows, once. Returns 0, or -ENOMEM when something is missing from it. */
int table_print(struct table *table, FILE *out);
void table_free(struct table *table);

static inline void table_cleanup(struct table **table)
{
	table_free(*table);
}

#define autotable attr_cleanup(table_cleanup) struct table

#endif
