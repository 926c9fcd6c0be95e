#include "table.h"

#include <stdio.h>

void table_begin(const char *title, const char *const *columns, size_t n)
{
	printf("%s\n\n| |", title);
	for (size_t i = 0; i < n; i++)
		printf(" %s |", columns[i]);
	printf("\n| --- |");
	for (size_t i = 0; i < n; i++)
		printf(" --- |");
}

void table_row(const char *name)
{
	printf("\n| %s |", name);
}

void table_cell(unsigned digits, const double *numbers, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("%s%.*f", i == 0 ? " " : " / ", (int)digits, numbers[i]);
	printf(" |");
}

void table_end(void)
{
	printf("\n\n");
	fflush(stdout);
}
