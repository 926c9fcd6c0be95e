/*
 * Measuring several things side by side, in interleaved rounds: A B, B A, A B... What disturbs one
 * round disturbs both, and neither has the better place in it.
 */
#ifndef BENCH_SERIES_H
#define BENCH_SERIES_H

#include <stddef.h>
#include <stdint.h>

#include "support/bench.h"
#include "support/place.h"

#define SERIES_ROUNDS_MAX 1000

/* Something to measure. */
struct contender {
	const char *name;
	/* Do it OPERATIONS times; returns the nanoseconds that its timed part took. */
	uint64_t (*run)(void *data, unsigned operations);
	void *data;
};

/* What was measured: a value for each round, in order, and what they come to. */
struct series {
	const char *name;
	const char *unit;
	unsigned n_rounds;
	double *rounds;
	double min;
	double median;
	double max;
};

/*
 * Measure N contenders into N series, in microseconds an operation. The value of a round is the
 * median of its batches, so that a batch that somebody else interrupted does not count.
 *
 * With PLACE the cores are looked at before and after each round: a round during which their
 * distance changed is done again, and the rounds of the rarer distance are left out. Without it
 * everything runs on one core.
 */
void series_measure(const struct plan *plan, const struct place *place,
		    const struct contender *contenders, size_t n, struct series *ret);

/* A series of values that were measured otherwise; they are copied. */
struct series series_of(const char *name, const char *unit, const double *values, unsigned n);

/* a * X + b * Y, round by round; Y may be NULL. */
struct series series_combine(const char *name, double a, const struct series *x, double b,
			     const struct series *y);

/* X / Y, round by round: a slow second of the machine is in both halves of its round. */
struct series series_divide(const char *name, const struct series *x, const struct series *y);

void series_fini(struct series *series);

/* Sorts VALUES. */
double median_of(double *values, size_t n);

#endif
