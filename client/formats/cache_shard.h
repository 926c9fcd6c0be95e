/*
 * A shard in the hands of one who has its turn, for what is done with it then.
 */
#ifndef FORMATS_CACHE_SHARD_H
#define FORMATS_CACHE_SHARD_H

#include "formats/cache.h"

struct cache_turn {
	const struct shmb_cache *cache;
	struct cache_shard *shard;
	uint32_t shard_number;
	uint64_t now;   /* as cache_now() */
	uint64_t moves; /* bytes that may still be moved to keep what is there */
};

/* Add to a word that only who has the turn changes. */
static inline void cache_tally(_Atomic uint64_t *tally, uint64_t n)
{
	atomic_store_explicit(tally, atomic_load_explicit(tally, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

#endif
