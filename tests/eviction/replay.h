/*
 * A trace played to a cache that begins empty, and what came of it.
 */
#ifndef EVICTION_REPLAY_H
#define EVICTION_REPLAY_H

#include "policy.h"
#include "trace.h"

/* Of the second half of the requests. In the first the cache gets full, and finds its order. */
struct outcome {
	uint64_t asked;
	uint64_t hits;
	uint64_t inserted; /* bytes */
	uint64_t moved;    /* bytes */
};

struct outcome replay(const struct policy *policy, const struct trace *trace, uint64_t capacity);

double outcome_hits_percent(const struct outcome *outcome);

/* The misses of the one for each of the other. */
double outcome_misses_beside(const struct outcome *outcome, const struct outcome *other);

/* Bytes that were moved for each that was inserted. */
double outcome_moved(const struct outcome *outcome);

#endif
