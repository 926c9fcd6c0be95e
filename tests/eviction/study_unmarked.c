/*
 * Who reads through a read-only mapping cannot mark what he has found. With no marks at all CLOCK,
 * SIEVE and LRU are FIFO; S3-FIFO still learns of what was asked for after it was evicted.
 */
#include <stdio.h>

#include "base/attr.h"
#include "study.h"
#include "table.h"

static const unsigned percents[] = {0, 50, 90, 100};

static const struct policy *const policies[] = {
	&policy_lru, &policy_sieve, &policy_clock, &policy_clock3, &policy_s3fifo, &policy_s3fifo1,
};

static const struct trace_shape shapes[] = {
	{.name = "Zipf 0.8", .alpha = 0.8},
	{.name = "Zipf 0.99", .alpha = 0.99},
	{.name = "Zipf 0.99, sizes", .alpha = 0.99, .varies = true},
	{.name = "Zipf 1.2", .alpha = 1.2},
	{.name = "scans", .alpha = 0.99, .scans = true},
	{.name = "drift", .alpha = 0.99, .drifts = true},
};

static void print_row(const struct trace_plan *plan, struct trace_shape shape,
		      const struct study_size *size)
{
	struct outcome outcomes[ARRAY_SIZE(percents)][ARRAY_SIZE(policies)];
	double hits[ARRAY_SIZE(percents)];
	char name[64];

	for (size_t i = 0; i < ARRAY_SIZE(percents); i++) {
		shape.unmarked_percent = percents[i];
		study_replay(plan, &shape, size, policies, ARRAY_SIZE(policies), outcomes[i]);
	}
	snprintf(name, sizeof(name), "%s: %s", size->name, shape.name);
	table_row(name);
	for (size_t policy = 0; policy < ARRAY_SIZE(policies); policy++) {
		for (size_t i = 0; i < ARRAY_SIZE(percents); i++)
			hits[i] = outcome_hits_percent(&outcomes[i][policy]);
		table_cell(1, hits, ARRAY_SIZE(percents));
	}
}

void study_unmarked(const struct trace_plan *plan)
{
	const char *columns[ARRAY_SIZE(policies)];

	for (size_t i = 0; i < ARRAY_SIZE(policies); i++)
		columns[i] = policies[i]->name;
	table_begin("Hits in % while 0 / 50 / 90 / 100 % of the requests do not mark", columns,
		    ARRAY_SIZE(columns));
	for (size_t i = 0; i < STUDY_SIZES; i++)
		for (size_t row = 0; row < ARRAY_SIZE(shapes); row++)
			print_row(plan, shapes[row], &study_sizes[i]);
	table_end();
}
