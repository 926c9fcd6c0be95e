/*
 * Figures in the text that monitoring reads, in either of its two forms, which differ in what they
 * call a counter and in their end: a family whose samples are NAME_total is NAME in OpenMetrics,
 * and NAME_total in the older text format of Prometheus, the only one that node_exporter's textfile
 * collector and promtool take.
 */
#ifndef FIGURES_METRICS_H
#define FIGURES_METRICS_H

#include <stdint.h>
#include <stdio.h>

enum metrics_form {
	METRICS_OPEN, /* OpenMetrics 1.0 */
	METRICS_TEXT, /* the text format 0.0.4 */
};

struct metrics {
	FILE *out;
	enum metrics_form form;
	const struct metrics_family *family; /* whose samples are printed now */
};

struct metrics_family {
	const char *name; /* without what counters and infos have at the end; ends with the unit */
	enum {
		METRICS_GAUGE,
		METRICS_COUNTER,
		METRICS_INFO, /* a text in its labels, and always 1 */
	} type;
	const char *unit; /* NULL for none */
	const char *help; /* one line, without quotes and backslashes */
};

struct metrics_label {
	const char *name;
	const char *value; /* any text */
};

/* What stands above the samples of FAMILY, which is borrowed until the next one. */
void metrics_begin(struct metrics *metrics, const struct metrics_family *family);

/* A sample of the family that was begun. LABELS ends with one without a name; NULL is none. */
void metrics_put(struct metrics *metrics, const struct metrics_label *labels, uint64_t value);

/* The same in seconds, of MS. */
void metrics_put_seconds(struct metrics *metrics, uint64_t ms);

/* What stands below the last family. */
void metrics_end(struct metrics *metrics);

#endif
