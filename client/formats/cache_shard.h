/*
 * A shard in the hands of one who has its turn, for what is done with it then.
 */
#ifndef FORMATS_CACHE_SHARD_H
#define FORMATS_CACHE_SHARD_H

#include "base/probe.h"
#include "formats/cache.h"

struct cache_turn {
	const struct shmb_cache *cache;
	struct cache_shard *shard;
	uint32_t shard_number;
	uint64_t now;   /* as cache_now() */
	uint64_t moves; /* bytes that may still be moved to keep what is there */
};

/* Why an entry was forgotten that nobody wanted to be. */
enum cache_eviction {
	CACHE_EVICTED_ROOM,    /* for the room that it took */
	CACHE_EVICTED_INDEX,   /* too many keys met in one place of the index */
	CACHE_EVICTED_EXPIRED, /* past its time */
};

/* Add to a word that only who has the turn changes. */
static inline void cache_tally(_Atomic uint64_t *tally, uint64_t n)
{
	atomic_store_explicit(tally, atomic_load_explicit(tally, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

static inline void cache_tally_evicted(struct cache_turn *turn, enum cache_eviction why)
{
	struct cache_tallies *tallies = &turn->shard->tallies;
	_Atomic uint64_t *const counters[] = {
		[CACHE_EVICTED_ROOM] = &tallies->evicted_room,
		[CACHE_EVICTED_INDEX] = &tallies->evicted_index,
		[CACHE_EVICTED_EXPIRED] = &tallies->evicted_expired,
	};

	cache_tally(counters[why], 1);
	PROBE3(evict, PROBE_TEXT(turn->cache->name), turn->shard_number, (int)why);
}

#endif
