/*
 * Each policy with each trace. Hits are what it is about; what is moved is the price of a log,
 * which keeps an entry by writing it once more.
 */
#include <stdio.h>

#include "base/attr.h"
#include "study.h"
#include "table.h"

static const struct policy *const policies[] = {
	&policy_fifo,   &policy_lru,    &policy_sieve,   &policy_clock,
	&policy_clock3, &policy_s3fifo, &policy_s3fifo1,
};

#define FIRST_MOVER 3u /* those before it leave entries where they are */

static const struct trace_shape shapes[] = {
	{.name = "Zipf 0.8", .alpha = 0.8},
	{.name = "Zipf 0.9", .alpha = 0.9},
	{.name = "Zipf 0.99", .alpha = 0.99},
	{.name = "Zipf 1.1", .alpha = 1.1},
	{.name = "Zipf 1.2", .alpha = 1.2},
	{.name = "Zipf 0.8, sizes", .alpha = 0.8, .varies = true},
	{.name = "Zipf 0.9, sizes", .alpha = 0.9, .varies = true},
	{.name = "Zipf 0.99, sizes", .alpha = 0.99, .varies = true},
	{.name = "Zipf 1.1, sizes", .alpha = 1.1, .varies = true},
	{.name = "Zipf 1.2, sizes", .alpha = 1.2, .varies = true},
	{.name = "scans", .alpha = 0.99, .scans = true},
	{.name = "scans, sizes", .alpha = 0.99, .scans = true, .varies = true},
	{.name = "drift", .alpha = 0.99, .drifts = true},
	{.name = "drift, sizes", .alpha = 0.99, .drifts = true, .varies = true},
	{.name = "loop of 1.2", .kind = TRACE_LOOP, .times = 1.2},
	{.name = "loop of 2", .kind = TRACE_LOOP, .times = 2},
	{.name = "Zipf, then loop of 1.2", .kind = TRACE_LOOP, .times = 1.2, .follows = true},
	{.name = "Zipf, then pairs", .kind = TRACE_PAIRS, .follows = true},
	{.name = "Zipf, then other keys", .alpha = 0.99, .follows = true},
};

static struct outcome outcomes[ARRAY_SIZE(shapes)][ARRAY_SIZE(policies)];

/* A column for each policy from FIRST on. */
static void print(const char *what, const struct study_size *size, size_t first, unsigned digits,
		  double (*value_of)(const struct outcome *outcome))
{
	const char *columns[ARRAY_SIZE(policies)];
	char title[96];

	for (size_t i = 0; i < ARRAY_SIZE(policies); i++)
		columns[i] = policies[i]->name;
	snprintf(title, sizeof(title), "%s, cache of %s", what, size->name);
	table_begin(title, &columns[first], ARRAY_SIZE(policies) - first);
	for (size_t row = 0; row < ARRAY_SIZE(shapes); row++) {
		table_row(shapes[row].name);
		for (size_t i = first; i < ARRAY_SIZE(policies); i++)
			table_number(digits, value_of(&outcomes[row][i]));
	}
	table_end();
}

void study_policies(const struct trace_plan *plan)
{
	for (size_t i = 0; i < STUDY_SIZES; i++) {
		const struct study_size *size = &study_sizes[i];

		for (size_t row = 0; row < ARRAY_SIZE(shapes); row++)
			study_replay(plan, &shapes[row], size, policies, ARRAY_SIZE(policies),
				     outcomes[row]);
		print("Hits in %", size, 0, 1, outcome_hits_percent);
		print("Bytes moved for each that is inserted", size, FIRST_MOVER, 2, outcome_moved);
	}
}
