/*
 * Reading an entry, whatever its key and its size are, and whatever is done to it meanwhile.
 */
#ifndef FORMATS_CACHE_READ_H
#define FORMATS_CACHE_READ_H

#include "formats/cache.h"
#include "formats/cache_find.h"

#define CACHE_AGAIN INT32_MAX /* an answer of nobody's: it is being changed */

/*
 * As shmb_cache_get() of a handle whose memory is there, without being counted. A value is good
 * that is past its time by no more than STALE_MS. The first one looks once, and may return
 * CACHE_AGAIN.
 */
int cache_read_once(const struct shmb_cache *cache, const struct cache_key *key, void *buffer,
		    size_t room, uint64_t stale_ms, struct shmb_cache_entry *ret_entry);
int cache_read(const struct shmb_cache *cache, const struct cache_key *key, void *buffer,
	       size_t room, uint64_t stale_ms, struct shmb_cache_entry *ret_entry);

/* Leave a mark at what was got, unless there are enough. */
static inline void cache_mark(const struct shmb_cache *cache, const struct cache_sight *sight)
{
	unsigned now = cache_slot_mark(sight->word);

	if (now < CACHE_MARK_MOST && cache->member)
		atomic_store_explicit((_Atomic unsigned char *)sight->slot,
				      (unsigned char)(now + 1), memory_order_relaxed);
}

#endif
