/*
 * A bucket is small, and each key has two: so all that is asked of the index is a look at sixteen
 * slots. Those that lead nowhere are of use as ghosts until they are needed.
 */
#include "formats/cache_index.h"

#define ERAS 8u /* that a ghost counts */

bool cache_find_in_turn(const struct cache_turn *turn, const struct cache_key *key,
			struct cache_sight *ret_sight)
{
	return cache_find(&turn->cache->view, key, ret_sight) == CACHE_FOUND;
}

_Atomic uint64_t *cache_slot_to(const struct cache_turn *turn, uint32_t place, uint64_t meta,
				uint32_t room)
{
	const struct cache_view *view = &turn->cache->view;
	struct cache_entry *entry = cache_entry(turn->shard, place);
	struct cache_bucket *buckets[2];
	uint64_t hash;

	if (!cache_is_entry(view, meta, room))
		return NULL;
	hash = cache_hash(view, entry->key, cache_meta_key_size(meta));
	buckets[0] = cache_bucket(turn->shard, cache_first_bucket(view, hash));
	buckets[1] = cache_bucket(turn->shard, cache_second_bucket(view, hash));
	for (unsigned b = 0; b < 2; b++) {
		for (unsigned i = 0; i < CACHE_BUCKET_SLOTS; i++) {
			_Atomic uint64_t *slot = &buckets[b]->slots[i];
			uint64_t word = atomic_load_explicit(slot, memory_order_relaxed);

			if (cache_slot_place(word) == place)
				return slot;
		}
	}
	return NULL;
}

void cache_free_entry(struct cache_turn *turn, uint32_t place)
{
	struct cache_tallies *tallies = &turn->shard->tallies;
	uint32_t room = cache_room_at(&turn->cache->view, place);
	struct cache_entry *entry = cache_entry(turn->shard, place);
	bool is_main = cache_is_in_main(&turn->cache->view, place);
	uint64_t meta;

	if (room == 0)
		return;
	meta = atomic_load_explicit(&entry->meta, memory_order_relaxed);
	atomic_store_explicit(&entry->meta, cache_meta_freed(meta), memory_order_relaxed);
	cache_tally(&turn->shard->logs[is_main ? CACHE_MAIN : CACHE_NURSERY].waste,
		    cache_meta_units(meta));
	cache_tally(&tallies->entries, UINT64_MAX);
	cache_tally(&tallies->bytes,
		    UINT64_C(0) - cache_meta_key_size(meta) - cache_meta_value_size(meta));
}

void cache_forget(struct cache_turn *turn, _Atomic uint64_t *slot, uint64_t word)
{
	uint32_t place = cache_slot_place(atomic_load_explicit(slot, memory_order_relaxed));

	atomic_store_explicit(slot, word, memory_order_release);
	cache_free_entry(turn, place);
}

unsigned cache_era(const struct cache_turn *turn)
{
	uint64_t swept = atomic_load_explicit(&turn->shard->swept, memory_order_relaxed);

	return (unsigned)(swept / (turn->cache->view.logs[CACHE_MAIN].units / ERAS + 1));
}

/* Whether a ghost is no older than what the main log could hold. */
static bool ghost_counts(const struct cache_turn *turn, uint64_t ghost)
{
	return ((cache_era(turn) - cache_slot_mark(ghost)) & CACHE_MARK_MASK) <= ERAS;
}

bool cache_has_ghost(const struct cache_turn *turn, const struct cache_key *key)
{
	for (unsigned b = 0; b < 2; b++) {
		for (unsigned i = 0; i < CACHE_BUCKET_SLOTS; i++) {
			uint64_t word = atomic_load_explicit(&key->buckets[b]->slots[i],
							     memory_order_relaxed);

			if (cache_is_ghost(word) && cache_slot_tag(word) == key->tag)
				return ghost_counts(turn, word);
		}
	}
	return false;
}

/* How willingly a slot is given to another key: the more the better. */
static unsigned slot_worth(const struct cache_turn *turn, const struct cache_key *key,
			   uint64_t word)
{
	if (word == 0)
		return 512;
	if (!cache_is_ghost(word))
		return 2 * (127 - (cache_slot_mark(word) & 127)) +
		       !cache_is_in_main(&turn->cache->view, cache_slot_place(word));
	if (cache_slot_tag(word) == key->tag)
		return 1024;
	return 256 + ((cache_era(turn) - cache_slot_mark(word)) & CACHE_MARK_MASK);
}

/* The best slot of BUCKET for KEY, and how many there are that lead nowhere. */
static unsigned count_slots(const struct cache_turn *turn, const struct cache_key *key,
			    struct cache_bucket *bucket, _Atomic uint64_t **ret_best,
			    unsigned *ret_worth)
{
	unsigned n = 0;

	*ret_worth = 0;
	for (unsigned i = 0; i < CACHE_BUCKET_SLOTS; i++) {
		uint64_t word = atomic_load_explicit(&bucket->slots[i], memory_order_relaxed);
		unsigned worth = slot_worth(turn, key, word);

		n += word == 0 || cache_is_ghost(word);
		if (i == 0 || worth > *ret_worth) {
			*ret_best = &bucket->slots[i];
			*ret_worth = worth;
		}
	}
	return n;
}

/* In the bucket that has more of those that lead nowhere, so that both fill evenly. When there is
 * none, the entry goes that was got least. */
_Atomic uint64_t *cache_choose_slot(struct cache_turn *turn, const struct cache_key *key)
{
	_Atomic uint64_t *best[2];
	unsigned worth[2], n[2], b;

	for (b = 0; b < 2; b++)
		n[b] = count_slots(turn, key, key->buckets[b], &best[b], &worth[b]);
	b = n[1] != n[0] ? n[1] > n[0] : worth[1] > worth[0];
	if (n[b] == 0) {
		cache_forget(turn, best[b], 0);
		cache_tally(&turn->shard->tallies.evicted_index, 1);
	}
	return best[b];
}
