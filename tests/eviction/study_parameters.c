/*
 * S3-FIFO with each share of small, threshold and size of the ghost. What traces of Zipf come to is
 * summed up as misses beside those of FIFO, since hits of different traces have no common mean. The
 * loop and the pairs, of which a policy has all or nothing, are left out of it.
 */
#include <stdio.h>

#include "base/attr.h"
#include "study.h"
#include "table.h"

static const unsigned shares[] = {5, 10, 20};
static const unsigned thresholds[] = {1, 2};
static const unsigned ghosts[] = {0, 25, 50, 100};

#define N_VARIANTS (ARRAY_SIZE(shares) * ARRAY_SIZE(thresholds) * ARRAY_SIZE(ghosts))

static const struct trace_shape shapes[] = {
	{.name = "Zipf 0.8", .alpha = 0.8},
	{.name = "Zipf 0.99", .alpha = 0.99},
	{.name = "Zipf 0.99, sizes", .alpha = 0.99, .varies = true},
	{.name = "Zipf 1.2", .alpha = 1.2},
	{.name = "scans", .alpha = 0.99, .scans = true},
	{.name = "drift", .alpha = 0.99, .drifts = true},
	{.name = "90 % unmarked", .alpha = 0.99, .unmarked_percent = 90},
	{.name = "Zipf, then other keys", .alpha = 0.99, .follows = true},
	{.name = "loop of 1.2", .kind = TRACE_LOOP, .times = 1.2},
	{.name = "Zipf, then pairs", .kind = TRACE_PAIRS, .follows = true},
};

static struct policy variants[N_VARIANTS];
static char names[N_VARIANTS][48];

/* Each variant, and FIFO behind them. */
static const struct policy *policies[N_VARIANTS + 1];
static struct outcome outcomes[ARRAY_SIZE(shapes)][N_VARIANTS + 1];
static double means[STUDY_SIZES][N_VARIANTS];

static void make_variants(void)
{
	for (size_t i = 0; i < N_VARIANTS; i++) {
		struct s3fifo_parameters parameters = {
			.small_percent = shares[i / ARRAY_SIZE(ghosts) / ARRAY_SIZE(thresholds)],
			.threshold = thresholds[i / ARRAY_SIZE(ghosts) % ARRAY_SIZE(thresholds)],
			.ghost_percent = ghosts[i % ARRAY_SIZE(ghosts)],
		};

		snprintf(names[i], sizeof(names[i]), "small %u %%, %u, ghost %u %%",
			 parameters.small_percent, parameters.threshold, parameters.ghost_percent);
		variants[i] = policy_s3fifo;
		variants[i].name = names[i];
		variants[i].s3fifo = parameters;
		policies[i] = &variants[i];
	}
	policies[N_VARIANTS] = &policy_fifo;
}

static double mean_beside_fifo(size_t variant)
{
	double sum = 0;
	unsigned n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		if (shapes[i].kind == TRACE_ZIPF) {
			sum += outcome_misses_beside(&outcomes[i][variant],
						     &outcomes[i][N_VARIANTS]);
			n++;
		}
	return sum / n;
}

static void print_hits(const struct study_size *size)
{
	const char *columns[ARRAY_SIZE(shapes)];
	char title[96];

	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		columns[i] = shapes[i].name;
	snprintf(title, sizeof(title), "Hits in %% of S3-FIFO, cache of %s", size->name);
	table_begin(title, columns, ARRAY_SIZE(columns));
	for (size_t row = 0; row < N_VARIANTS; row++) {
		table_row(names[row]);
		for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
			table_number(1, outcome_hits_percent(&outcomes[i][row]));
	}
	table_end();
}

static void print_means(void)
{
	const char *columns[STUDY_SIZES + 1];

	for (size_t i = 0; i < STUDY_SIZES; i++)
		columns[i] = study_sizes[i].name;
	columns[STUDY_SIZES] = "mean";
	table_begin("Misses of S3-FIFO for each of FIFO, mean of all but loop and pairs, by the "
		    "cache's size",
		    columns, ARRAY_SIZE(columns));
	for (size_t row = 0; row < N_VARIANTS; row++) {
		double sum = 0;

		table_row(names[row]);
		for (size_t i = 0; i < STUDY_SIZES; i++) {
			table_number(3, means[i][row]);
			sum += means[i][row];
		}
		table_number(3, sum / STUDY_SIZES);
	}
	table_end();
}

void study_parameters(const struct trace_plan *plan)
{
	make_variants();
	for (size_t i = 0; i < STUDY_SIZES; i++) {
		for (size_t row = 0; row < ARRAY_SIZE(shapes); row++)
			study_replay(plan, &shapes[row], &study_sizes[i], policies,
				     ARRAY_SIZE(policies), outcomes[row]);
		for (size_t variant = 0; variant < N_VARIANTS; variant++)
			means[i][variant] = mean_beside_fifo(variant);
		print_hits(&study_sizes[i]);
	}
	print_means();
}
