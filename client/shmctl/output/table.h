/*
 * A table for people: columns as wide as their widest cell, two spaces apart, nothing at the end of
 * a line that cannot be seen.
 *
 * Cells are added one after the other, row by row. A lack of memory is remembered and told by
 * table_print().
 */
#ifndef SHMCTL_OUTPUT_TABLE_H
#define SHMCTL_OUTPUT_TABLE_H

#include <stddef.h>
#include <stdio.h>

#include "base/attr.h"

struct column {
	const char *title;
	enum { COLUMN_LEFT, COLUMN_RIGHT } side; /* words stand left, numbers right */
};

struct table;

/* Borrows COLUMNS. NULL when there is no memory, which the other calls then know how to handle. */
struct table *table_new(const struct column *columns, size_t n);
void table_add(struct table *table, const char *format, ...) attr_printf(2, 3);

/* Print the titles and all rows. Returns 0, or -ENOMEM when something is missing from it. */
int table_print(const struct table *table, FILE *out);
void table_free(struct table *table);

static inline void table_cleanup(struct table **table)
{
	table_free(*table);
}

#define autotable attr_cleanup(table_cleanup) struct table

#endif
