/*
 * The rounds. Each contender gets one batch to warm up, which is not counted, in every round.
 */
#include "support/series.h"

#include <stdlib.h>
#include <string.h>

#define TRIES_MAX 3 /* of the planned rounds, while the cores move about */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double median_of(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static double *allocate(size_t n)
{
	double *values = calloc(n ? n : 1, sizeof(*values));

	if (!values)
		bench_fail("no memory for %zu values", n);
	return values;
}

static void sum_up(struct series *series)
{
	double *sorted = allocate(series->n_rounds);

	memcpy(sorted, series->rounds, series->n_rounds * sizeof(*sorted));
	series->median = median_of(sorted, series->n_rounds);
	series->min = sorted[0];
	series->max = sorted[series->n_rounds - 1];
	free(sorted);
}

static double measure_one(const struct plan *plan, const struct contender *contender)
{
	double *batches = allocate(plan->chunks);
	double median;

	(void)contender->run(contender->data, plan->operations);
	for (unsigned i = 0; i < plan->chunks; i++)
		batches[i] = (double)contender->run(contender->data, plan->operations) /
			     plan->operations / 1000;
	median = median_of(batches, plan->chunks);
	free(batches);
	return median;
}

static void measure_round(const struct plan *plan, const struct contender *contenders, size_t n,
			  unsigned round, struct series *ret)
{
	for (size_t i = 0; i < n; i++) {
		size_t turn = round % 2 ? n - 1 - i : i;

		ret[turn].rounds[round] = measure_one(plan, &contenders[turn]);
	}
}

/* Keep the rounds with the commoner distance of the cores. */
static void keep_comparable(struct series *series, size_t n, const bool *near, unsigned n_rounds)
{
	unsigned n_near = 0;
	bool keep;

	for (unsigned round = 0; round < n_rounds; round++)
		n_near += near[round];
	keep = n_near * 2 >= n_rounds;
	for (size_t i = 0; i < n; i++) {
		series[i].n_rounds = 0;
		for (unsigned round = 0; round < n_rounds; round++)
			if (near[round] == keep)
				series[i].rounds[series[i].n_rounds++] = series[i].rounds[round];
	}
}

static void measure_across(const struct plan *plan, const struct place *place,
			   const struct contender *contenders, size_t n, struct series *ret)
{
	bool near[SERIES_ROUNDS_MAX];
	unsigned done = 0;
	bool before = place_is_near(place_line_ns(place));

	for (unsigned try = 0; try < plan->rounds * TRIES_MAX && done < plan->rounds; try++) {
		bool after;

		measure_round(plan, contenders, n, done, ret);
		after = place_is_near(place_line_ns(place));
		near[done] = before;
		done += before == after;
		before = after;
	}
	if (done == 0)
		bench_fail("the cores moved in every round; try again when the machine is calmer");
	keep_comparable(ret, n, near, done);
}

void series_measure(const struct plan *plan, const struct place *place,
		    const struct contender *contenders, size_t n, struct series *ret)
{
	for (size_t i = 0; i < n; i++)
		ret[i] = (struct series){
			.name = contenders[i].name,
			.unit = "us",
			.n_rounds = plan->rounds,
			.rounds = allocate(plan->rounds),
		};
	if (place)
		measure_across(plan, place, contenders, n, ret);
	else
		for (unsigned round = 0; round < plan->rounds; round++)
			measure_round(plan, contenders, n, round, ret);
	for (size_t i = 0; i < n; i++)
		sum_up(&ret[i]);
}

struct series series_of(const char *name, const char *unit, const double *values, unsigned n)
{
	struct series series = {.name = name, .unit = unit, .n_rounds = n, .rounds = allocate(n)};

	memcpy(series.rounds, values, n * sizeof(*values));
	sum_up(&series);
	return series;
}

struct series series_combine(const char *name, double a, const struct series *x, double b,
			     const struct series *y)
{
	struct series series = {.name = name,
				.unit = x->unit,
				.n_rounds = x->n_rounds,
				.rounds = allocate(x->n_rounds)};

	for (unsigned i = 0; i < x->n_rounds; i++)
		series.rounds[i] = a * x->rounds[i] + (y ? b * y->rounds[i] : 0);
	sum_up(&series);
	return series;
}

struct series series_divide(const char *name, const struct series *x, const struct series *y)
{
	struct series series = {.name = name,
				.unit = "",
				.n_rounds = x->n_rounds,
				.rounds = allocate(x->n_rounds)};

	if (x->n_rounds != y->n_rounds)
		bench_fail("%s and %s were not measured in the same rounds", x->name, y->name);
	for (unsigned i = 0; i < x->n_rounds; i++)
		series.rounds[i] = x->rounds[i] / y->rounds[i];
	sum_up(&series);
	return series;
}

void series_fini(struct series *series)
{
	free(series->rounds);
	series->rounds = NULL;
}
