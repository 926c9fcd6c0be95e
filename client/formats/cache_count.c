/*
 * Several threads may add the same cell up at once. Each takes what the one before him has told for
 * his beginning, so that together they add what the last one saw.
 */
#include "formats/cache_count.h"

static uint64_t tell(struct cache_count *count)
{
	uint64_t seen = atomic_load_explicit(&count->seen, memory_order_relaxed);

	return seen - atomic_exchange_explicit(&count->told, seen, memory_order_relaxed);
}

/* The counts of members, which have one thread as a rule, are apart. */
static struct cache_counts *counts_for(const struct shmb_cache *cache,
				       const struct cache_cell *cell)
{
	uint64_t number = (uint64_t)(cell - cache->local->cells);
	uint64_t me = atomic_load_explicit(&cache->member->id, memory_order_relaxed);

	return &cache->view.header->counts[(number + me) % CACHE_STRIPES];
}

void cache_count_up(const struct shmb_cache *cache, struct cache_cell *cell)
{
	struct cache_counts *counts;

	if (!cache->member)
		return;
	counts = counts_for(cache, cell);
	atomic_fetch_add_explicit(&counts->hits, tell(&cell->hits), memory_order_relaxed);
	atomic_fetch_add_explicit(&counts->misses, tell(&cell->misses), memory_order_relaxed);
}

void cache_count_up_all(const struct shmb_cache *cache)
{
	for (unsigned i = 0; i < CACHE_CELLS; i++)
		cache_count_up(cache, &cache->local->cells[i]);
}

void cache_count_anew(const struct shmb_cache *cache)
{
	for (unsigned i = 0; i < CACHE_CELLS; i++) {
		(void)tell(&cache->local->cells[i].hits);
		(void)tell(&cache->local->cells[i].misses);
	}
}
