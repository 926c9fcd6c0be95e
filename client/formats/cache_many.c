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

/* Ask memory for an entry. */
static inline void fetch(const struct cache_entry *entry)
{
	for (unsigned line = 0; line < LINES; line++)
		__builtin_prefetch((const char *)entry + line * LAYOUT_LINE);
}

static attr_apart int answer_patiently(const struct shmb_cache *cache,
				       struct shmb_cache_query *query, uint64_t *until)
{
	struct cache_key key;

	cache_locate(&cache->view, query->key, query->key_size, &key);
	return cache_read_until(cache, &key, query->buffer, query->room, 0, &query->entry, until);
}

/* The answer to one query of many, whose entry is SIGHT's, or NULL, at NOW; not counted. */
static attr_inlined int answer(const struct shmb_cache *cache, struct cache_sight sight,
			       struct shmb_cache_query *query, uint64_t now, uint64_t *until)
{
	if (!sight.entry || !cache_near_take(&cache->view, query->key, query->key_size,
					     query->buffer, query->room, &sight))
		return answer_patiently(cache, query, until);
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
	uint64_t now = cache_now(cache), hits = 0, misses = 0, until = 0;
	struct cache_spot spots[CROWD];
	struct cache_sight sights[CROWD];

	for (size_t i = 0; i < n; i++) {
		struct shmb_cache_query *query = &queries[i];

		query->result =
			cache_is_key_size(query->key_size) ? 0 : cache_refuse_key(query->key_size);
		if (query->result < 0)
			continue;
		spots[i] = cache_spot_of(view, query->key, query->key_size);
		__builtin_prefetch(spots[i].line);
	}
	for (size_t i = 0; i < n; i++) {
		if (queries[i].result < 0)
			continue;
		if (cache_near_find(view, spots[i], &sights[i]))
			fetch(sights[i].entry);
		else
			sights[i].entry = NULL;
	}
	for (size_t i = 0; i < n; i++) {
		struct shmb_cache_query *query = &queries[i];

		if (query->result < 0)
			continue;
		query->result = answer(cache, sights[i], query, now, &until);
		hits += query->result == 0;
		misses += query->result == SHMB_MISS;
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
