#include "replay.h"

static double ratio(uint64_t of, uint64_t to)
{
	return to ? (double)of / (double)to : 0;
}

struct outcome replay(const struct policy *policy, const struct trace *trace, uint64_t capacity)
{
	struct cache *cache = cache_new(policy, capacity);
	struct outcome outcome = {0};
	size_t i = 0;

	while (i < trace->n / 2)
		(void)cache_access(cache, &trace->requests[i++]);
	outcome.asked = trace->n - i;
	outcome.inserted = cache->inserted;
	outcome.moved = cache->moved;
	while (i < trace->n)
		outcome.hits += cache_access(cache, &trace->requests[i++]);
	outcome.inserted = cache->inserted - outcome.inserted;
	outcome.moved = cache->moved - outcome.moved;
	cache_free(cache);
	return outcome;
}

double outcome_hits_percent(const struct outcome *outcome)
{
	return 100 * ratio(outcome->hits, outcome->asked);
}

double outcome_misses_beside(const struct outcome *outcome, const struct outcome *other)
{
	return ratio(outcome->asked - outcome->hits, other->asked - other->hits);
}

double outcome_moved(const struct outcome *outcome)
{
	return ratio(outcome->moved, outcome->inserted);
}
