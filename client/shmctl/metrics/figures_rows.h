/*
 * Families of metrics as tables, and the macros for their rows: a part of figures_print.c.
 */
#ifndef SHMCTL_METRICS_FIGURES_ROWS_H
#define SHMCTL_METRICS_FIGURES_ROWS_H

#include "figures.h"

/* A family with one sample for each of many things, from a member of what describes them. */
struct figures_row {
	struct metrics_family family;
	const char *reason; /* a label beside the name; rows of one family follow each other */
	size_t offset;      /* of an uint64_t */
};

#define FIGURES_GAUGE(name, unit, help)                                                            \
	{                                                                                          \
		name, METRICS_GAUGE, unit, help                                                    \
	}
#define FIGURES_COUNTER(name, unit, help)                                                          \
	{                                                                                          \
		name, METRICS_COUNTER, unit, help                                                  \
	}

static inline uint64_t figures_value(const void *thing, const struct figures_row *row)
{
	return *(const uint64_t *)(const void *)((const char *)thing + row->offset);
}

/* What has a name: caches and streams. */
void figures_print_named(struct metrics *metrics, const struct figures *figures);

#endif
