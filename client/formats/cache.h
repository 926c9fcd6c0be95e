/*
 * The handle of a cache, for the files that are its algorithms.
 *
 *   cache_open.c      where the memory comes from
 *   cache_clock.[ch]  what time it is
 *   cache_hash.h      where a key is, when it is there
 *   cache_sight.h     an entry as a reader sees it
 *   cache_find.h      from a key to its entry
 *   cache_key.[ch]    the key that a call was given
 *   cache_near.h      getting what most gets come to,
 *   cache_get.c       one
 *   cache_many.c      or many at a time
 *   cache_read.[ch]   reading, whatever comes
 *   cache_count.[ch]  what was found and missed
 *   cache_shard.h     a shard in the hands of one who has its turn, and then
 *   cache_index.[ch]  its index,
 *   cache_repair.[ch] going through it after a death,
 *   cache_log.[ch]    making room, and what is forgotten for it,
 *   cache_store.[ch]  setting a key
 *   cache_turn.[ch]   coming to the turn
 *   cache_change.[ch] what changes one entry
 *   cache_number.c    what adds to one
 *   cache_jobs.[ch]   who computes what,
 *   cache_fill.c      and who waits for it
 *   cache_walk.c      all of them
 */
#ifndef FORMATS_CACHE_H
#define FORMATS_CACHE_H

#include <shmbroker/cache.h>

#include "core/lock.h"
#include "core/member.h"
#include "core/segment.h"
#include "formats/cache_clock.h"
#include "layout/cache_view.h"

#define CACHE_CELLS 16u

/* A number that some threads of this process count up, and what of it was added to what is shared:
 * so much is never added twice, whoever adds meanwhile. */
struct cache_count {
	_Atomic uint64_t seen;
	_Atomic uint64_t told;
};

struct cache_cell {
	_Alignas(LAYOUT_LINE) struct cache_count hits;
	struct cache_count misses;
};

/* What calls change that only look at the cache. */
struct cache_local {
	struct cache_clock clock;
	struct cache_cell cells[CACHE_CELLS];
	struct lock_turn turns[]; /* of each shard */
};

struct shmb_cache {
	struct cache_view view;
	struct shmb_segment *segment;
	struct shmb_member *member; /* NULL where the memory may only be read */
	struct cache_local *local;
	char name[];
};

/* Whether the memory is there: 0, or -EOWNERDEAD or -ENOTCONN with a text. */
static inline int cache_check(const struct shmb_cache *cache)
{
	return segment_data(cache->segment) ? 0 : segment_gone(cache->segment);
}

static inline uint64_t cache_now(const struct shmb_cache *cache)
{
	return cache_clock_now(&cache->local->clock);
}

/* The locals of a handle with TURNS, one for each shard. NULL without memory. */
struct cache_local *cache_local_new(uint32_t turns);

#endif
