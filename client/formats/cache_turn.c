/*
 * Who takes over a lock from somebody who died goes through the shard before anything else
 * (cache_repair.c); when he dies in the midst of it, the next one does.
 */
#include "formats/cache_turn.h"

#include <errno.h>

#include <shmbroker/error.h>

#include "core/error.h"
#include "formats/cache_repair.h"

static struct shmb_lock *lock_of(struct cache_shard *shard)
{
	static_assert(sizeof(shard->lock) == sizeof(struct shmb_lock), "it is one");

	return (struct shmb_lock *)shard->lock;
}

static attr_rare int refuse_write(const struct shmb_cache *cache)
{
	return error_set(-EPERM,
			 "this handle does not write: open \"%s\" without SHMB_READ to change it",
			 cache->name);
}

static attr_rare int take_over(struct cache_turn *turn)
{
	const struct shmb_cache *cache = turn->cache;

	cache_repair(turn);
	cache_tally(&turn->shard->tallies.repairs, 1);
	return lock_turn_repaired(lock_of(turn->shard), cache->member);
}

int cache_turn_begin(const struct shmb_cache *cache, uint32_t shard_number, uint64_t deadline,
		     struct cache_turn *ret_turn)
{
	struct cache_shard *shard = cache_shard(&cache->view, shard_number);
	bool met;
	int r;

	if (!cache->member)
		return refuse_write(cache);
	r = lock_turn_begin(&cache->local->turns[shard_number], lock_of(shard), cache->member,
			    deadline, &met);
	/* Who gives up is counted, too, and has no lock to count under. */
	if (met)
		atomic_fetch_add_explicit(&shard->tallies.lock_waits, 1, memory_order_relaxed);
	if (r < 0)
		return r;
	*ret_turn = (struct cache_turn){
		.cache = cache,
		.shard = shard,
		.shard_number = shard_number,
		.now = cache_now(cache),
	};
	return r == SHMB_OWNER_DIED ? take_over(ret_turn) : 0;
}

int cache_turn_end(struct cache_turn *turn, int r)
{
	const struct shmb_cache *cache = turn->cache;
	int ended = lock_turn_end(&cache->local->turns[turn->shard_number], lock_of(turn->shard),
				  cache->member, cache->name);

	return ended < 0 ? ended : r;
}
