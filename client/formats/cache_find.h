/*
 * From a key to its entry. Nothing here trusts what it loads: a place is compared with the logs,
 * and an entry with what is left of its log.
 */
#ifndef FORMATS_CACHE_FIND_H
#define FORMATS_CACHE_FIND_H

#include <shmbroker/cache.h>

#include "base/fence.h"
#include "base/payload.h"
#include "formats/cache_hash.h"

/* A key, and where it is when it is there. */
struct cache_key {
	const void *bytes;
	size_t size;
	uint64_t hash;
	uint64_t tag;
	uint32_t shard_number;
	struct cache_shard *shard;
	struct cache_bucket *buckets[2];
};

static inline void cache_locate(const struct cache_view *view, const void *bytes, size_t size,
				struct cache_key *ret_key)
{
	uint64_t hash = cache_hash(view, bytes, size);
	uint32_t shard_number = cache_shard_number(view, hash);
	struct cache_shard *shard = cache_shard(view, shard_number);

	*ret_key = (struct cache_key){
		.bytes = bytes,
		.size = size,
		.hash = hash,
		.tag = cache_tag(hash),
		.shard_number = shard_number,
		.shard = shard,
		.buckets = {cache_bucket(shard, cache_first_bucket(view, hash)),
			    cache_bucket(shard, cache_second_bucket(view, hash))},
	};
}

/* An entry as it was fetched, once. */
struct cache_sight {
	_Atomic uint64_t *slot;
	uint64_t word; /* of the slot */
	struct cache_entry *entry;
	uint64_t version;
	uint64_t meta;
	uint64_t term;
};

static inline const unsigned char *cache_sight_value(const struct cache_sight *sight)
{
	return sight->entry->key + cache_meta_key_size(sight->meta);
}

/* Whether the time of an entry with TERM is over. */
static inline bool cache_is_over(uint64_t term, uint64_t now)
{
	uint64_t expiry = cache_term_expiry(term);

	return expiry != 0 && expiry <= now;
}

/* What there is to know of it at NOW. */
static inline void cache_describe(const struct cache_sight *sight, uint64_t now,
				  struct shmb_cache_entry *ret_entry)
{
	uint64_t set = cache_version_time(sight->version);
	uint64_t expiry = cache_term_expiry(sight->term);

	*ret_entry = (struct shmb_cache_entry){
		.size = cache_meta_value_size(sight->meta),
		.version = sight->version,
		.ttl_ms = expiry > now ? expiry - now : 0,
		.age_ms = now > set ? now - set : 0,
		.flags = cache_flags(sight->meta, sight->term),
	};
}

/* The bytes that an entry with these sizes has, of which it uses less than a unit more. */
static inline uint32_t cache_footprint(uint32_t key_size, uint32_t value_size)
{
	return (uint32_t)sizeof(struct cache_entry) + key_size + value_size;
}

/* Whether META is that of an entry, in whole, with ROOM units from its beginning. */
static inline bool cache_is_entry(const struct cache_view *view, uint64_t meta, uint32_t room)
{
	uint32_t units = cache_meta_units(meta), value_size = cache_meta_value_size(meta);

	return units <= room && cache_meta_kind(meta) != CACHE_FREE &&
	       value_size <= view->value_most &&
	       cache_footprint(cache_meta_key_size(meta), value_size) <=
		       (uint64_t)units * CACHE_UNIT;
}

static inline void cache_sight_fetch(struct cache_sight *sight)
{
	/* Pairs with the release of the version when the entry was whole. */
	sight->version = atomic_load_explicit(&sight->entry->version, memory_order_acquire);
	sight->meta = atomic_load_explicit(&sight->entry->meta, memory_order_relaxed);
	sight->term = atomic_load_explicit(&sight->entry->term, memory_order_relaxed);
}

/* What a look at one slot with the tag has shown. */
enum cache_look {
	CACHE_OTHER, /* not this key */
	CACHE_FOUND,
	CACHE_MOVING, /* it is being changed: look again */
};

/* Whether what was fetched is still there. */
static inline bool cache_holds_still(const struct cache_sight *sight)
{
	/* Pairs with the release fence before an entry is changed, and with the release of the slot
	 * before its units are written to: who has seen a byte of that sees it too. */
	fence_acquire();
	return atomic_load_explicit(&sight->entry->version, memory_order_relaxed) ==
		       sight->version &&
	       ((atomic_load_explicit(sight->slot, memory_order_relaxed) ^ sight->word) &
		~CACHE_MARK_MASK) == 0;
}

static inline enum cache_look cache_look_at(const struct cache_view *view,
					    const struct cache_key *key, struct cache_sight *sight)
{
	uint32_t place = cache_slot_place(sight->word);
	uint32_t room = cache_room_at(view, place);

	if (sight->word & CACHE_BUSY)
		return CACHE_MOVING;
	/* The end of a log has room for less than what every entry has: that is a peer's doing. */
	if (room < sizeof(struct cache_entry) / CACHE_UNIT)
		return CACHE_OTHER;
	sight->entry = cache_entry(key->shard, place);
	cache_sight_fetch(sight);
	if (sight->version == 0)
		return CACHE_MOVING;
	if (cache_is_entry(view, sight->meta, room) &&
	    cache_meta_key_size(sight->meta) == key->size &&
	    payload_is(sight->entry->key, key->bytes, key->size))
		return CACHE_FOUND;
	return cache_holds_still(sight) ? CACHE_OTHER : CACHE_MOVING;
}

/* Look for KEY. What is found may have changed meanwhile, as cache_holds_still() tells. */
static inline enum cache_look cache_find(const struct cache_view *view, const struct cache_key *key,
					 struct cache_sight *ret_sight)
{
	enum cache_look found = CACHE_OTHER;

	for (unsigned b = 0; b < 2; b++) {
		for (unsigned i = 0; i < CACHE_BUCKET_SLOTS; i++) {
			_Atomic uint64_t *slot = &key->buckets[b]->slots[i];
			/* Pairs with the release of the slot when it was made to lead there. */
			uint64_t word = atomic_load_explicit(slot, memory_order_acquire);
			enum cache_look look;

			if (cache_slot_tag(word) != key->tag || cache_is_ghost(word))
				continue;
			ret_sight->slot = slot;
			ret_sight->word = word;
			look = cache_look_at(view, key, ret_sight);
			if (look == CACHE_FOUND)
				return look;
			if (look == CACHE_MOVING)
				found = CACHE_MOVING;
		}
	}
	return found;
}

#endif
