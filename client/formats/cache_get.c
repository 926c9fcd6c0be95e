/*
 * Getting one value.
 */
#include <shmbroker/cache.h>

#include "formats/cache_count.h"
#include "formats/cache_key.h"
#include "formats/cache_near.h"
#include "formats/cache_read.h"

static inline bool is_ready(const struct shmb_cache *cache, size_t key_size)
{
	return segment_is_here(cache->segment) && cache_is_key_size(key_size);
}

static attr_inlined bool get_near(const struct cache_view *view, const void *key, size_t key_size,
				  void *buffer, size_t room, struct cache_sight *ret_sight)
{
	return cache_near_find(view, cache_spot_of(view, key, key_size), ret_sight) &&
	       cache_near_take(view, key, key_size, buffer, room, ret_sight);
}

static attr_apart int get_patiently(const struct shmb_cache *cache, const void *key,
				    size_t key_size, void *buffer, size_t room,
				    struct shmb_cache_entry *ret_entry)
{
	struct cache_key located;
	int r = cache_key_take(cache, key, key_size, &located);

	if (r < 0)
		return r;
	return cache_counted(cache, cache_read(cache, &located, buffer, room, 0, ret_entry));
}

/* Get it, and what else there is to know. */
static attr_apart attr_flat int get_described(const struct shmb_cache *cache, const void *key,
					      size_t key_size, void *buffer, size_t room,
					      struct shmb_cache_entry *ret_entry)
{
	struct cache_sight sight;
	uint64_t now;

	if (!is_ready(cache, key_size) ||
	    !get_near(&cache->view, key, key_size, buffer, room, &sight))
		return get_patiently(cache, key, key_size, buffer, room, ret_entry);
	now = cache_now(cache);
	if (cache_is_over(sight.term, now))
		return cache_counted(cache, SHMB_MISS);
	cache_describe(&sight, now, ret_entry);
	cache_mark(cache, &sight);
	return cache_counted(cache, 0);
}

static attr_apart bool is_over_now(const struct shmb_cache *cache, uint64_t term)
{
	return cache_is_over(term, cache_now(cache));
}

attr_flat int shmb_cache_get(const struct shmb_cache *cache, const void *key, size_t key_size,
			     void *buffer, size_t room, struct shmb_cache_entry *ret_entry)
{
	struct cache_sight sight;

	if (ret_entry)
		return get_described(cache, key, key_size, buffer, room, ret_entry);
	if (!is_ready(cache, key_size) ||
	    !get_near(&cache->view, key, key_size, buffer, room, &sight))
		return get_patiently(cache, key, key_size, buffer, room, NULL);
	if (cache_term_expiry(sight.term) != 0 && is_over_now(cache, sight.term))
		return cache_counted(cache, SHMB_MISS);
	cache_mark(cache, &sight);
	return cache_counted(cache, 0);
}
