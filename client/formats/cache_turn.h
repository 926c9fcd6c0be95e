/*
 * Turns: who changes something has the lock of its shard, for the length of one call.
 */
#ifndef FORMATS_CACHE_TURN_H
#define FORMATS_CACHE_TURN_H

#include "formats/cache_shard.h"

/*
 * Come to the turn of a shard, by DEADLINE; what a death has left in it is repaired then. Returns
 * 0; -EPERM with a text for a handle that does not write; or as shmb_lock_acquire().
 */
int cache_turn_begin(const struct shmb_cache *cache, uint32_t shard_number, uint64_t deadline,
		     struct cache_turn *ret_turn);

/* End it. Returns R, or -ENOLCK with a text when the lock was lost meanwhile. */
int cache_turn_end(struct cache_turn *turn, int r);

#endif
