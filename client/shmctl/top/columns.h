/*
 * The columns of both tables that top shows. One row of a table is all that sorting, layout, help
 * and --sort know of a column.
 */
#ifndef SHMCTL_TOP_COLUMNS_H
#define SHMCTL_TOP_COLUMNS_H

#include <stddef.h>

#include "look.h"

/* Room for the text of any cell. */
#define TOP_CELL_MAX 256

struct top_column {
	const char *title;
	const char *word; /* what --sort calls it */
	const char *meaning;
	int width;    /* of what is below the title, at most */
	bool is_text; /* stands left, and is sorted from A to Z; a number from the largest */
	/* ROW is a struct top_object or struct top_program. */
	double (*number)(const void *row); /* NULL for texts */
	void (*text)(const void *row, char text[static TOP_CELL_MAX]);
};

struct top_table {
	const struct top_column *columns; /* the first is as wide as there is room */
	size_t n;
	const char *(*name)(const void *row); /* what a filter is held against */
	size_t sort;                          /* the column that it is sorted by at first */
};

extern const struct top_table top_object_table;
extern const struct top_table top_program_table;

/* The column of the table of objects that is called WORD, or that table's n. */
size_t top_column_find(const char *word);

/* A number that is counted or measured, in at most six characters. Returns TEXT. */
char *top_number(double number, char text[static TOP_CELL_MAX]);

#endif
