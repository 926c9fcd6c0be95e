/*
 * What a handle has found and missed: counted by each of some threads for itself, and added to what
 * is shared now and then.
 */
#ifndef FORMATS_CACHE_COUNT_H
#define FORMATS_CACHE_COUNT_H

#include "core/thread.h"
#include "formats/cache.h"

#define CACHE_COUNT_UP 256u /* after so many: a power of two */

/* Add what was counted there, in all cells, to what is shared. */
void cache_count_up(const struct shmb_cache *cache, struct cache_cell *cell);
void cache_count_up_all(const struct shmb_cache *cache);

/* What was not added yet is another's to add. */
void cache_count_anew(const struct shmb_cache *cache);

static inline struct cache_cell *cache_cell(const struct shmb_cache *cache)
{
	return &cache->local->cells[thread_here() % CACHE_CELLS];
}

/* Where threads have the same cell some of it may be lost, which is said of what is counted so. */
static attr_inlined void cache_count_in(const struct shmb_cache *cache, struct cache_cell *cell,
					struct cache_count *count, uint64_t n)
{
	uint64_t before = atomic_load_explicit(&count->seen, memory_order_relaxed);

	atomic_store_explicit(&count->seen, before + n, memory_order_relaxed);
	if (((before + n) ^ before) >= CACHE_COUNT_UP)
		cache_count_up(cache, cell);
}

static attr_inlined void cache_count_hits(const struct shmb_cache *cache, uint64_t n)
{
	struct cache_cell *cell = cache_cell(cache);

	cache_count_in(cache, cell, &cell->hits, n);
}

static attr_inlined void cache_count_misses(const struct shmb_cache *cache, uint64_t n)
{
	struct cache_cell *cell = cache_cell(cache);

	cache_count_in(cache, cell, &cell->misses, n);
}

/* What a call has come to. */
static inline int cache_counted(const struct shmb_cache *cache, int result)
{
	if (result == 0)
		cache_count_hits(cache, 1);
	else if (result == SHMB_MISS)
		cache_count_misses(cache, 1);
	return result;
}

#endif
