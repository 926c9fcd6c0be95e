/*
 * What is looked into; each prints its tables. Hits are those of a hundred requests.
 */
#ifndef EVICTION_STUDY_H
#define EVICTION_STUDY_H

#include "replay.h"
#include "trace.h"

/* How large caches are, as part of the footprint. */
#define STUDY_SIZES 3

extern const struct study_size {
	const char *name;
	unsigned per_mille;
} study_sizes[STUDY_SIZES];

/* Play the trace of SHAPE to a cache of each of N policies. */
void study_replay(const struct trace_plan *plan, const struct trace_shape *shape,
		  const struct study_size *size, const struct policy *const *policies, size_t n,
		  struct outcome *ret);

/* All policies with all traces, and what a log has to move for it. */
void study_policies(const struct trace_plan *plan);

/* S3-FIFO: the share of small, the hits that lead into main, the size of the ghost. */
void study_parameters(const struct trace_plan *plan);

/* What is left when fewer and fewer requests mark. */
void study_unmarked(const struct trace_plan *plan);

#endif
