/*
 * Where a key of a cache is: its shard, its bucket and its tag, all of them by a hash with the
 * cache's own seed.
 */
#ifndef FORMATS_CACHE_HASH_H
#define FORMATS_CACHE_HASH_H

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "layout/cache_view.h"
#include "layout/cache_words.h"

static inline uint64_t cache_hash(const struct cache_view *view, const void *key, size_t key_size)
{
	return XXH3_64bits_withSeed(key, key_size, view->seed);
}

static inline uint32_t cache_shard_number(const struct cache_view *view, uint64_t hash)
{
	return (uint32_t)(hash >> 54) & view->shard_mask;
}

/* As it stands in a slot. */
static inline uint64_t cache_tag(uint64_t hash)
{
	uint64_t tag = hash >> 24 & CACHE_TAG_MASK;

	return tag ? tag : CACHE_TAG_MASK;
}

/* The number of a bucket, by the 32 low bits of BITS. */
static inline uint32_t cache_bucket_by(const struct cache_view *view, uint64_t bits)
{
	return (uint32_t)((bits & 0xffffffff) * view->n_buckets >> 32);
}

static inline struct cache_bucket *cache_first_bucket(const struct cache_view *view,
						      struct cache_shard *shard, uint64_t hash)
{
	return cache_bucket(shard, cache_bucket_by(view, hash));
}

static inline struct cache_bucket *cache_second_bucket(const struct cache_view *view,
						       struct cache_shard *shard, uint64_t hash)
{
	return cache_bucket(shard,
			    cache_bucket_by(view, hash * UINT64_C(0x9e3779b97f4a7c15) >> 32));
}

/* The slot from which on a key is looked for in its buckets: the first one of a line. */
static inline unsigned cache_home(uint64_t hash)
{
	return (unsigned)(hash & 1) * CACHE_LINE_SLOTS;
}

#endif
