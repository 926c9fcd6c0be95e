/*
 * Reading, for calls that do more than that.
 */
#ifndef FORMATS_CACHE_GET_H
#define FORMATS_CACHE_GET_H

#include "formats/cache.h"
#include "formats/cache_find.h"

/* As shmb_cache_get() of a handle whose memory is there, without being counted. A value is good
 * that is past its time by no more than STALE_MS. */
int cache_read(const struct shmb_cache *cache, const struct cache_key *key, void *buffer,
	       size_t room, uint64_t stale_ms, struct shmb_cache_entry *ret_entry);

/* Count what a call has found. */
void cache_count(const struct shmb_cache *cache, uint64_t hits, uint64_t misses);

#endif
