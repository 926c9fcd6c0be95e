/*
 * Each key has two buckets, which are small: so all that is asked of the index is a look at a few
 * lines. Those slots that lead nowhere are of use as ghosts until they are needed.
 */
#include "formats/cache_index.h"

#define ERAS   8u /* that a ghost counts */
#define UNEVEN 4u /* free slots that the second bucket may have more than the first */

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
	buckets[0] = cache_first_bucket(view, turn->shard, hash);
	buckets[1] = cache_second_bucket(view, turn->shard, hash);
	for (unsigned i = 0; i < 2 * CACHE_BUCKET_SLOTS; i++) {
		_Atomic uint64_t *slot =
			&buckets[i / CACHE_BUCKET_SLOTS]->slots[i % CACHE_BUCKET_SLOTS];

		if (cache_slot_place(atomic_load_explicit(slot, memory_order_relaxed)) == place)
			return slot;
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
	/* Who sees that it is free sees that the slot was changed. Pairs with the acquire fence in
	 * cache_holds_still(). */
	fence_release();
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
	for (unsigned n = 0; n < CACHE_KEY_LINES; n++) {
		_Atomic uint64_t *slots = cache_line(key, n);

		for (unsigned match = cache_match(slots, key->tag); match; match &= match - 1) {
			uint64_t word = atomic_load_explicit(&slots[__builtin_ctz(match)],
							     memory_order_relaxed);

			if (cache_is_ghost(word))
				return ghost_counts(turn, word);
		}
	}
	return false;
}

/* How willingly a slot is given to another key: the more the better. */
enum worth {
	WORTH_LEADING = 0, /* and up to 255 more the less it was got */
	WORTH_GHOST = 256, /* and up to 255 more the older it is */
	WORTH_EMPTY = 512,
	WORTH_OWN_GHOST = 2048, /* the best there is */
	WORTH_HOME = 512,       /* more in the line in which the key is looked for first */
};

static attr_inlined unsigned worth_of(const struct cache_turn *turn, const struct cache_key *key,
				      uint64_t word, unsigned era)
{
	if (word == 0)
		return WORTH_EMPTY;
	if (!cache_is_ghost(word))
		return WORTH_LEADING + 2 * (127 - (cache_slot_mark(word) & 127)) +
		       !cache_is_in_main(&turn->cache->view, cache_slot_place(word));
	if (cache_slot_tag(word) == key->tag)
		return WORTH_OWN_GHOST;
	return WORTH_GHOST + ((era - cache_slot_mark(word)) & CACHE_MARK_MASK);
}

/* The best slot of one of the buckets of KEY. */
struct choice {
	_Atomic uint64_t *slot;
	unsigned worth;
	unsigned n_free; /* slots of the bucket that lead nowhere */
};

static struct choice choose_in(const struct cache_turn *turn, const struct cache_key *key,
			       struct cache_bucket *bucket)
{
	struct choice best = {.slot = NULL};
	unsigned era = cache_era(turn);

	for (unsigned i = 0; i < CACHE_BUCKET_SLOTS; i++) {
		uint64_t word = atomic_load_explicit(&bucket->slots[i], memory_order_relaxed);
		unsigned worth = worth_of(turn, key, word, era);

		best.n_free += worth >= WORTH_GHOST;
		if (worth >= WORTH_GHOST && (i & CACHE_LINE_SLOTS) == key->home)
			worth += WORTH_HOME;
		if (!best.slot || worth > best.worth) {
			best.slot = &bucket->slots[i];
			best.worth = worth;
		}
	}
	return best;
}

/* In the first bucket, where it is found sooner, unless the second one has far more room: as long
 * as all buckets fill about evenly, there is hardly ever none in both. */
_Atomic uint64_t *cache_choose_slot(struct cache_turn *turn, const struct cache_key *key)
{
	struct choice first = choose_in(turn, key, key->buckets[0]);
	struct choice second = choose_in(turn, key, key->buckets[1]);
	struct choice *best = &first;

	if (second.n_free > first.n_free + UNEVEN || (first.n_free == 0 && second.n_free > 0) ||
	    (first.n_free == 0 && second.worth > first.worth))
		best = &second;
	if (best->n_free == 0) {
		cache_forget(turn, best->slot, 0);
		cache_tally_evicted(turn, CACHE_EVICTED_INDEX);
	}
	return best->slot;
}
