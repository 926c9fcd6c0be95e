/*
 * Each key has one bucket, which is small: so all that is asked of the index is a look at sixteen
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
	struct cache_bucket *bucket;
	uint64_t hash;

	if (!cache_is_entry(view, meta, room))
		return NULL;
	hash = cache_hash(view, entry->key, cache_meta_key_size(meta));
	bucket = cache_bucket(turn->shard, cache_bucket_number(view, hash));
	for (unsigned i = 0; i < CACHE_BUCKET_SLOTS; i++) {
		uint64_t word = atomic_load_explicit(&bucket->slots[i], memory_order_relaxed);

		if (cache_slot_place(word) == place)
			return &bucket->slots[i];
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
	for (unsigned i = 0; i < CACHE_BUCKET_SLOTS; i++) {
		uint64_t word = atomic_load_explicit(&key->bucket->slots[i], memory_order_relaxed);

		if (cache_is_ghost(word) && cache_slot_tag(word) == key->tag)
			return ghost_counts(turn, word);
	}
	return false;
}

/* How willingly a slot is given to another key: the more the better. */
enum worth {
	WORTH_LEADING = 0, /* and up to 255 more the less it was got */
	WORTH_GHOST = 256, /* and up to 255 more the older it is */
	WORTH_EMPTY = 512,
	WORTH_OWN_GHOST = 1024, /* the best there is */
	WORTH_HOME = 512,       /* more in the line in which the key is looked for first */
};

static unsigned worth_of(const struct cache_turn *turn, const struct cache_key *key, uint64_t word)
{
	if (word == 0)
		return WORTH_EMPTY;
	if (!cache_is_ghost(word))
		return WORTH_LEADING + 2 * (127 - (cache_slot_mark(word) & 127)) +
		       !cache_is_in_main(&turn->cache->view, cache_slot_place(word));
	if (cache_slot_tag(word) == key->tag)
		return WORTH_OWN_GHOST;
	return WORTH_GHOST + ((cache_era(turn) - cache_slot_mark(word)) & CACHE_MARK_MASK);
}

_Atomic uint64_t *cache_choose_slot(struct cache_turn *turn, const struct cache_key *key)
{
	_Atomic uint64_t *best = NULL;
	unsigned most = 0;

	for (unsigned i = 0; i < CACHE_BUCKET_SLOTS; i++) {
		_Atomic uint64_t *slot = &key->bucket->slots[i];
		uint64_t word = atomic_load_explicit(slot, memory_order_relaxed);
		unsigned worth = worth_of(turn, key, word);

		if (worth >= WORTH_GHOST && (i & CACHE_LINE_SLOTS) == key->home)
			worth += WORTH_HOME;
		if (!best || worth > most) {
			best = slot;
			most = worth;
		}
	}
	if (most < WORTH_GHOST) {
		cache_forget(turn, best, 0);
		cache_tally(&turn->shard->tallies.evicted_index, 1);
	}
	return best;
}
