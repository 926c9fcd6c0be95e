/*
 * What all calls have in common that change one entry.
 */
#ifndef FORMATS_CACHE_CHANGE_H
#define FORMATS_CACHE_CHANGE_H

#include "formats/cache_index.h"
#include "formats/cache_store.h"
#include "formats/cache_turn.h"

/* Check a value and its terms (NULL: the default). Returns 0, or -errno with a text. */
int cache_change_check(const struct shmb_cache *cache, size_t size,
		       const struct shmb_cache_terms *terms);

/* When TTL_MS, which was checked, will be over, for an entry that is set in TURN. */
uint64_t cache_change_expiry(const struct cache_turn *turn, uint64_t ttl_ms);

/* Look for a value of KEY whose time is not over. */
bool cache_change_find(const struct cache_turn *turn, const struct cache_key *key,
		       struct cache_sight *ret_sight);

#endif
