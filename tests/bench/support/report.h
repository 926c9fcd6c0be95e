/*
 * What a benchmark found: a table for people, JSON for programs.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdbool.h>

#include "support/bench.h"
#include "support/place.h"
#include "support/series.h"

struct report;

/* Prints what is measured on what. */
struct report *report_new(const struct bench *bench, const struct place *place, const char *title);

/*
 * OURS beside LIMIT, measured in the same rounds: the median of the ratios, each of one round,
 * shall be at most TARGET; 0 where there is no target. WHERE says on which cores.
 */
void report_compare(struct report *report, const char *what, const char *where,
		    const struct series *ours, const struct series *limit, double target);

/* The median of OURS shall be at most TARGET, in its own unit; negative where there is no target.
 */
void report_value(struct report *report, const char *what, const char *where,
		  const struct series *ours, double target);

/* Of how long each of many operations took: a value for each round. */
struct latencies {
	struct series p50, p99, max;
};

/* The median of OURS' p99 shall be at most TARGET, in its own unit; 0 where there is no target.
 * CALM is the same operation left in peace, measured in the same rounds. */
void report_latencies(struct report *report, const char *what, const char *where,
		      const struct latencies *ours, const struct latencies *calm, double target);

/* Something that is not a figure: why a row is missing, which peer was there. */
void report_note(struct report *report, const char *format, ...) attr_printf(2, 3);

/* Print the sum, write the JSON where it was asked for, and free. Returns the exit status. */
int report_end(struct report *report);

#endif
