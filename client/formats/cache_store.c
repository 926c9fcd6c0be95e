/*
 * Storing goes by the steps that proto/layout/cache_layout.h has. A value that is about as large as
 * the one before it, and not large, takes its place; all others are written into the gap.
 */
#include "formats/cache_store.h"

#include "formats/cache_index.h"
#include "formats/cache_log.h"

#define IN_PLACE_MOST 4096u /* bytes of a value: readers wait while it is written */
#define SPARE_SHARE   4u    /* of an entry, that may be left over when one takes its place */

/* The units at PLACE are written to next: whoever sees a byte of that sees all that was changed
 * before. Pairs with the acquire fence in cache_holds_still(). */
static void write_entry(struct cache_turn *turn, struct cache_entry *entry, uint32_t units,
			const struct cache_key *key, const struct cache_value *value,
			uint64_t version)
{
	fence_release();
	atomic_store_explicit(&entry->meta,
			      cache_meta(value->kind, units, (uint32_t)key->size, value->size,
					 value->flags),
			      memory_order_relaxed);
	atomic_store_explicit(&entry->term, cache_term(value->expiry, value->flags),
			      memory_order_relaxed);
	payload_write(entry->key, key->bytes, key->size);
	payload_write(entry->key + key->size, value->bytes, value->size);
	/* Pairs with the acquire in cache_sight_fetch(). */
	atomic_store_explicit(&entry->version, version, memory_order_release);
	cache_tally(&turn->shard->tallies.bytes, key->size + value->size);
}

static uint64_t next_version(struct cache_turn *turn)
{
	uint64_t last = atomic_load_explicit(&turn->shard->version, memory_order_relaxed);
	uint64_t version = cache_next_version(last, turn->now, turn->shard_number);

	/* It stands there before it stands anywhere else, so that none comes twice. */
	atomic_store_explicit(&turn->shard->version, version, memory_order_relaxed);
	return version;
}

static bool fits_in_place(const struct cache_turn *turn, const struct cache_sight *sight,
			  uint32_t units, uint32_t value_size)
{
	uint32_t has = cache_meta_units(sight->meta);

	return units <= has && has - units <= has / SPARE_SHARE && value_size <= IN_PLACE_MOST &&
	       has <= cache_room_at(&turn->cache->view, cache_slot_place(sight->word));
}

static void store_in_place(struct cache_turn *turn, const struct cache_sight *sight,
			   const struct cache_key *key, const struct cache_value *value,
			   uint64_t version)
{
	atomic_store_explicit(&sight->entry->version, 0, memory_order_relaxed);
	cache_tally(&turn->shard->tallies.bytes,
		    UINT64_C(0) - key->size - cache_meta_value_size(sight->meta));
	write_entry(turn, sight->entry, cache_meta_units(sight->meta), key, value, version);
	atomic_store_explicit((_Atomic unsigned char *)sight->slot,
			      (unsigned char)cache_mark_more(cache_slot_mark(sight->word)),
			      memory_order_relaxed);
}

/* The log that an entry of UNITS goes into. What was there before stays in its log. */
static enum cache_log_name log_for(const struct cache_turn *turn, const struct cache_key *key,
				   const struct cache_sight *old, uint32_t units)
{
	bool is_main = units > turn->cache->view.logs[CACHE_NURSERY].units / 2;

	if (!is_main)
		is_main = old ? cache_is_in_main(&turn->cache->view, cache_slot_place(old->word))
			      : cache_has_ghost(turn, key);
	return is_main ? CACHE_MAIN : CACHE_NURSERY;
}

/* Write it into the gap. */
static int store_anew(struct cache_turn *turn, const struct cache_key *key,
		      const struct cache_sight *old, const struct cache_value *value,
		      uint64_t version)
{
	uint32_t place, units = cache_units_of(cache_footprint((uint32_t)key->size, value->size));
	enum cache_log_name name = log_for(turn, key, old, units);
	_Atomic uint64_t *slot = NULL;
	struct cache_sight sight;
	uint32_t freed = 0;
	unsigned mark = 0;
	int r = cache_make_room(turn, name, units, &place);

	if (r < 0)
		return r;
	write_entry(turn, cache_entry(turn->shard, place), units, key, value, version);
	cache_append(turn, name, units);
	cache_tally(&turn->shard->tallies.entries, 1);
	/* What was there before may have moved meanwhile, or be gone. */
	if (old && cache_find_in_turn(turn, key, &sight)) {
		slot = sight.slot;
		mark = cache_mark_more(cache_slot_mark(sight.word));
		freed = cache_slot_place(sight.word);
	} else {
		slot = cache_choose_slot(turn, key);
	}
	/* Pairs with the acquire of who follows the slot. */
	atomic_store_explicit(slot, cache_slot(key->tag, place) | mark, memory_order_release);
	if (freed)
		cache_free_entry(turn, freed);
	return 0;
}

int cache_store(struct cache_turn *turn, const struct cache_key *key,
		const struct cache_value *value, uint64_t *ret_version)
{
	uint32_t units = cache_units_of(cache_footprint((uint32_t)key->size, value->size));
	uint64_t version = next_version(turn);
	struct cache_sight sight;
	bool has_old = cache_find_in_turn(turn, key, &sight);
	int r = 0;

	if (has_old && fits_in_place(turn, &sight, units, value->size))
		store_in_place(turn, &sight, key, value, version);
	else
		r = store_anew(turn, key, has_old ? &sight : NULL, value, version);
	if (r < 0)
		return r;
	cache_tally(&turn->shard->tallies.sets, 1);
	*ret_version = version;
	return 0;
}
