/*
 * All of a cache: its keys one after the other, its tallies, and forgetting everything.
 *
 * A cursor is the number of the next slot, counted through all buckets of all shards.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <shmbroker/error.h>

#include "core/error.h"
#include "formats/cache_count.h"
#include "formats/cache_find.h"
#include "formats/cache_jobs.h"
#include "formats/cache_repair.h"
#include "formats/cache_turn.h"

#define LOOKS 16 /* at a slot that is being changed; then it is left out */

/* What is in a slot. */
struct finding {
	struct cache_sight sight;
	unsigned char key[CACHE_KEY_MOST];
	uint32_t key_size;
};

/* Copy what the slot leads to. Returns CACHE_FOUND, CACHE_OTHER for nothing, or CACHE_MOVING. */
static enum cache_look look_at(const struct cache_view *view, struct cache_shard *shard,
			       struct finding *finding)
{
	struct cache_sight *sight = &finding->sight;
	uint32_t place, room;

	/* Pairs with the release of the slot when it was made to lead there. */
	sight->word = atomic_load_explicit(sight->slot, memory_order_acquire);
	place = cache_slot_place(sight->word);
	room = cache_room_at(view, place);
	if (sight->word & CACHE_BUSY)
		return CACHE_MOVING;
	if (room < sizeof(struct cache_entry) / CACHE_UNIT)
		return CACHE_OTHER;
	sight->entry = cache_entry(shard, place);
	cache_sight_fetch(sight);
	if (sight->version == 0)
		return CACHE_MOVING;
	finding->key_size = cache_meta_key_size(sight->meta);
	if (!cache_is_entry(view, sight->meta, room) || finding->key_size == 0 ||
	    finding->key_size > CACHE_KEY_MOST)
		return cache_holds_still(sight) ? CACHE_OTHER : CACHE_MOVING;
	payload_read(finding->key, sight->entry->key, finding->key_size);
	return cache_holds_still(sight) ? CACHE_FOUND : CACHE_MOVING;
}

/* Whether the slot has a value whose time is not over. */
static bool find(const struct shmb_cache *cache, uint64_t slot, uint64_t now,
		 struct finding *ret_finding)
{
	const struct cache_view *view = &cache->view;
	uint64_t bucket = slot / CACHE_BUCKET_SLOTS;
	struct cache_shard *shard = cache_shard(view, (uint32_t)(bucket / view->n_buckets));
	enum cache_look found = CACHE_MOVING;

	ret_finding->sight.slot = &cache_bucket(shard, (uint32_t)(bucket % view->n_buckets))
					   ->slots[slot % CACHE_BUCKET_SLOTS];
	for (unsigned i = 0; i < LOOKS && found == CACHE_MOVING; i++)
		found = look_at(view, shard, ret_finding);
	return found == CACHE_FOUND && cache_meta_kind(ret_finding->sight.meta) == CACHE_VALUE &&
	       !cache_is_over(ret_finding->sight.term, now);
}

static uint64_t slots_of(const struct cache_view *view)
{
	return (uint64_t)view->shape.n_shards * view->n_buckets * CACHE_BUCKET_SLOTS;
}

int shmb_cache_next(const struct shmb_cache *cache, uint64_t *cursor, void *key,
		    size_t *ret_key_size, struct shmb_cache_entry *ret_entry)
{
	uint64_t n = slots_of(&cache->view), now;
	struct finding finding;
	int r = cache_check(cache);

	if (r < 0)
		return r;
	if (*cursor > n)
		return error_set(-EINVAL,
				 "%#" PRIx64 " is no cursor of \"%s\"; 0 is one, and those that "
				 "this call has given",
				 *cursor, cache->name);
	now = cache_now(cache);
	while (*cursor < n) {
		if (!find(cache, (*cursor)++, now, &finding))
			continue;
		memcpy(key, finding.key, finding.key_size);
		*ret_key_size = finding.key_size;
		if (ret_entry)
			cache_describe(&finding.sight, now, ret_entry);
		return 0;
	}
	return SHMB_END;
}

static uint64_t oldest(const struct shmb_cache *cache)
{
	uint64_t n = slots_of(&cache->view), now = cache_now(cache), first = now;
	struct finding finding;

	for (uint64_t slot = 0; slot < n; slot++) {
		if (find(cache, slot, now, &finding)) {
			uint64_t set = cache_version_time(finding.sight.version);

			first = set < first ? set : first;
		}
	}
	return now - first;
}

static void add_counts(struct cache_counts *counts, struct shmb_cache_stats *stats)
{
	stats->hits += atomic_load_explicit(&counts->hits, memory_order_relaxed);
	stats->misses += atomic_load_explicit(&counts->misses, memory_order_relaxed);
}

static void add_shard(struct cache_shard *shard, struct shmb_cache_stats *stats)
{
	struct cache_tallies *tallies = &shard->tallies;

#define ADD(member) stats->member += atomic_load_explicit(&tallies->member, memory_order_relaxed)
	ADD(entries);
	ADD(bytes);
	ADD(sets);
	ADD(deletes);
	ADD(evicted_room);
	ADD(evicted_index);
	ADD(evicted_expired);
	ADD(flushed);
	ADD(fills);
	ADD(fill_waits);
	ADD(fill_deaths);
	ADD(fill_failures);
	ADD(repairs);
	ADD(forgotten);
	ADD(emptied);
	ADD(lock_waits);
#undef ADD
	for (unsigned i = 0; i < CACHE_LOGS; i++)
		stats->waste += CACHE_UNIT *
				atomic_load_explicit(&shard->logs[i].waste, memory_order_relaxed);
}

int shmb_cache_stats(const struct shmb_cache *cache, bool walks, struct shmb_cache_stats *ret_stats)
{
	const struct cache_view *view = &cache->view;
	int r = cache_check(cache);

	if (r < 0)
		return r;
	if (cache->member)
		cache_count_up_all(cache);
	*ret_stats = (struct shmb_cache_stats){.oldest_ms = walks ? oldest(cache) : 0};
	for (unsigned i = 0; i < CACHE_STRIPES; i++)
		add_counts(&view->header->counts[i], ret_stats);
	for (uint32_t i = 0; i < view->shape.n_shards; i++)
		add_shard(cache_shard(view, i), ret_stats);
	return 0;
}

static int flush_shard(const struct shmb_cache *cache, uint32_t shard_number, uint64_t deadline)
{
	struct cache_tallies *tallies;
	struct cache_turn turn;
	int r = cache_turn_begin(cache, shard_number, deadline, &turn);

	if (r < 0)
		return r;
	tallies = &turn.shard->tallies;
	cache_tally(&tallies->flushed,
		    atomic_load_explicit(&tallies->entries, memory_order_relaxed));
	cache_void_all_jobs(&turn);
	cache_empty(&turn);
	return cache_turn_end(&turn, 0);
}

int shmb_cache_flush(struct shmb_cache *cache, uint64_t deadline)
{
	int r = cache_check(cache);

	for (uint32_t i = 0; r == 0 && i < cache->view.shape.n_shards; i++)
		r = flush_shard(cache, i, deadline);
	return r;
}
