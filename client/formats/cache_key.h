/*
 * The key that a call was given.
 */
#ifndef FORMATS_CACHE_KEY_H
#define FORMATS_CACHE_KEY_H

#include "formats/cache.h"
#include "formats/cache_find.h"

static inline bool cache_is_key_size(size_t size)
{
	return size - 1 < SHMB_CACHE_KEY_MAX;
}

/* -EINVAL, with a text. */
int cache_refuse_key(size_t size);

/* Check a call, that the memory is there and the key is one, and locate it. Returns 0, or -errno
 * with a text. */
int cache_key_take(const struct shmb_cache *cache, const void *key, size_t size,
		   struct cache_key *ret_key);

#endif
