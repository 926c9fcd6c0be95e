#include "formats/cache_key.h"

#include <errno.h>

#include "core/error.h"

attr_rare int cache_refuse_key(size_t size)
{
	return error_set(-EINVAL, "a key has 1 to %u bytes, and not %zu", SHMB_CACHE_KEY_MAX, size);
}

int cache_key_take(const struct shmb_cache *cache, const void *key, size_t size,
		   struct cache_key *ret_key)
{
	int r = cache_check(cache);

	if (r < 0)
		return r;
	if (!cache_is_key_size(size))
		return cache_refuse_key(size);
	cache_locate(&cache->view, key, size, ret_key);
	return 0;
}
