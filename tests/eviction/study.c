#include "study.h"

const struct study_size study_sizes[STUDY_SIZES] = {
	{"0.1 %", 1},
	{"1 %", 10},
	{"10 %", 100},
};

void study_replay(const struct trace_plan *plan, const struct trace_shape *shape,
		  const struct study_size *size, const struct policy *const *policies, size_t n,
		  struct outcome *ret)
{
	uint64_t capacity = trace_footprint(shape, plan->n_keys) * size->per_mille / 1000;
	struct trace trace;

	trace_init(&trace, shape, plan, capacity);
	for (size_t i = 0; i < n; i++)
		ret[i] = replay(policies[i], &trace, capacity);
	trace_fini(&trace);
}
