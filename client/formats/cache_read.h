/*
 * Reading an entry, whatever its key and its size are, and whatever is done to it meanwhile.
 */
#ifndef FORMATS_CACHE_READ_H
#define FORMATS_CACHE_READ_H

#include "formats/cache.h"
#include "formats/cache_find.h"

/* As shmb_cache_get() of a handle whose memory is there, without being counted. A value is good
 * that is past its time by no more than STALE_MS. */
int cache_read(const struct shmb_cache *cache, const struct cache_key *key, void *buffer,
	       size_t room, uint64_t stale_ms, struct shmb_cache_entry *ret_entry);

/* The same for one of several, who share the time for which what is being changed is looked at
 * again: *until is when it is over, and 0 at first. */
int cache_read_until(const struct shmb_cache *cache, const struct cache_key *key, void *buffer,
		     size_t room, uint64_t stale_ms, struct shmb_cache_entry *ret_entry,
		     uint64_t *until);

/* Leave a mark at what was got, unless there are enough. */
static inline void cache_mark(const struct shmb_cache *cache, const struct cache_sight *sight)
{
	unsigned now = cache_slot_mark(sight->word);

	if (now < CACHE_MARK_MOST && cache->member)
		atomic_store_explicit((_Atomic unsigned char *)sight->slot,
				      (unsigned char)(now + 1), memory_order_relaxed);
}

#endif
