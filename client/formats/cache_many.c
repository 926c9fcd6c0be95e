/*
 * Getting many at a time.
 */
#include <shmbroker/cache.h>

#include "formats/cache_count.h"
#include "formats/cache_key.h"
#include "formats/cache_near.h"
#include "formats/cache_read.h"

#define CROWD 32u /* keys that are on their way from memory at a time */
#define LINES 3u  /* of an entry, that are asked for */

/* Ask for the entry that may be that of SPOT. */
static inline void fetch_entry(const struct cache_view *view, struct cache_spot spot)
{
	unsigned match = cache_match(spot.line, spot.tag);
	uint64_t word;

	if (match == 0)
		return;
	word = atomic_load_explicit(&spot.line[__builtin_ctz(match)], memory_order_relaxed);
	if (!cache_may_be_at(view, (uint32_t)(word >> 32)))
		return;
	for (unsigned line = 0; line < LINES; line++)
		__builtin_prefetch((char *)cache_entry(spot.shard, (uint32_t)(word >> 32)) +
				   line * LAYOUT_LINE);
}

/* Patient with what is being changed only if IS_PATIENT says so, and then for once. */
static attr_apart int answer_patiently(const struct shmb_cache *cache,
				       struct shmb_cache_query *query, bool *is_patient)
{
	struct cache_key key;
	int r;

	cache_locate(&cache->view, query->key, query->key_size, &key);
	r = cache_read_once(cache, &key, query->buffer, query->room, 0, &query->entry);
	if (r != CACHE_AGAIN)
		return r;
	if (!*is_patient)
		return SHMB_MISS;
	*is_patient = false;
	return cache_read(cache, &key, query->buffer, query->room, 0, &query->entry);
}

/* The answer to one query of many, at NOW; not counted. */
static int answer(const struct shmb_cache *cache, struct cache_spot spot,
		  struct shmb_cache_query *query, uint64_t now, bool *is_patient)
{
	struct cache_sight sight;

	if (!cache_get_near(&cache->view, spot, query->key, query->key_size, query->buffer,
			    query->room, &sight))
		return answer_patiently(cache, query, is_patient);
	if (cache_is_over(sight.term, now))
		return SHMB_MISS;
	cache_describe(&sight, now, &query->entry);
	cache_mark(cache, &sight);
	return 0;
}

/* The answers to at most CROWD queries, in three rounds: each finds in the processor's caches what
 * the one before has asked memory for. */
static attr_flat void get_crowd(const struct shmb_cache *cache, struct shmb_cache_query *queries,
				size_t n)
{
	const struct cache_view *view = &cache->view;
	uint64_t now = cache_now(cache), hits = 0, misses = 0;
	struct cache_spot spots[CROWD];
	bool is_patient = true;

	for (size_t i = 0; i < n; i++) {
		queries[i].result = cache_is_key_size(queries[i].key_size)
					    ? 0
					    : cache_refuse_key(queries[i].key_size);
		if (queries[i].result < 0)
			continue;
		spots[i] = cache_spot_of(view, queries[i].key, queries[i].key_size);
		__builtin_prefetch(spots[i].line);
	}
	for (size_t i = 0; i < n; i++)
		if (queries[i].result == 0)
			fetch_entry(view, spots[i]);
	for (size_t i = 0; i < n; i++) {
		if (queries[i].result == 0)
			queries[i].result = answer(cache, spots[i], &queries[i], now, &is_patient);
		hits += queries[i].result == 0;
		misses += queries[i].result == SHMB_MISS;
	}
	cache_count_hits(cache, hits);
	cache_count_misses(cache, misses);
}

int shmb_cache_get_many(const struct shmb_cache *cache, struct shmb_cache_query *queries, size_t n)
{
	int r = cache_check(cache);

	for (size_t i = 0; r == 0 && i < n; i += CROWD)
		get_crowd(cache, &queries[i], n - i < CROWD ? n - i : CROWD);
	return r;
}
