/*
 * Families of metrics as tables: a new one is a row. A name is never given another meaning, since
 * dashboards and alarms are made of them.
 */
#ifndef FIGURES_ROWS_H
#define FIGURES_ROWS_H

#include <stddef.h>

#include "figures/metrics.h"

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

/* A family with one sample, which has no labels. */
static inline void figures_print_one(struct metrics *metrics, const struct metrics_family *family,
				     uint64_t value)
{
	metrics_begin(metrics, family);
	metrics_put(metrics, NULL, value);
}

/* Families with one sample each, for the one thing there is. */
static inline void figures_print_rows(struct metrics *metrics, const struct figures_row *rows,
				      size_t n, const void *thing)
{
	for (size_t i = 0; i < n; i++)
		figures_print_one(metrics, &rows[i].family, figures_value(thing, &rows[i]));
}

#endif
