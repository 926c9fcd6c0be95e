/*
 * Tables as docs have them.
 */
#ifndef EVICTION_TABLE_H
#define EVICTION_TABLE_H

#include <stddef.h>

/* Its columns after the first, which has the names of the rows. */
void table_begin(const char *title, const char *const *columns, size_t n);
void table_row(const char *name);

/* N numbers in one cell. */
void table_cell(unsigned digits, const double *numbers, size_t n);

static inline void table_number(unsigned digits, double number)
{
	table_cell(digits, &number, 1);
}

void table_end(void);

#endif
