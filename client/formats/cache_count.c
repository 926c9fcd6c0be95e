#include "formats/cache_count.h"

void cache_count_up(const struct shmb_cache *cache, struct cache_cell *cell)
{
	size_t number = (size_t)(cell - cache->local->cells);
	struct cache_counts *counts = &cache->view.header->counts[number % CACHE_STRIPES];
	uint64_t hits = atomic_exchange_explicit(&cell->hits, 0, memory_order_relaxed);
	uint64_t misses = atomic_exchange_explicit(&cell->misses, 0, memory_order_relaxed);

	if (!cache->member)
		return;
	atomic_fetch_add_explicit(&counts->hits, hits, memory_order_relaxed);
	atomic_fetch_add_explicit(&counts->misses, misses, memory_order_relaxed);
}

void cache_count_up_all(const struct shmb_cache *cache)
{
	for (unsigned i = 0; i < CACHE_CELLS; i++)
		cache_count_up(cache, &cache->local->cells[i]);
}
