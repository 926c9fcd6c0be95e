/*
 * An entry as somebody sees it who does not have the turn: fetched once, compared with the bounds
 * of the logs before it is used, and with what stands there afterwards.
 */
#ifndef FORMATS_CACHE_SIGHT_H
#define FORMATS_CACHE_SIGHT_H

#include <shmbroker/cache.h>

#include "base/attr.h"
#include "base/fence.h"
#include "layout/cache_view.h"
#include "layout/cache_words.h"

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

/* Whether what was fetched is still there. */
static inline bool cache_holds_still(const struct cache_sight *sight)
{
	uint64_t word;

	/* Pairs with the release fence before an entry is written to, in place or anew: who has
	 * seen a byte of that sees that its version was cleared, or the slot changed, before. */
	fence_acquire();
	/* The slot before the version. It is the same again when the key was set there once more;
	 * then the version is another by now. Pairs with the release of the slot. */
	word = atomic_load_explicit(sight->slot, memory_order_acquire);
	return ((word ^ sight->word) & ~CACHE_MARK_MASK) == 0 &&
	       atomic_load_explicit(&sight->entry->version, memory_order_relaxed) == sight->version;
}

/* Whether there may be an entry at PLACE. */
static inline bool cache_may_be_at(const struct cache_view *view, uint32_t place)
{
	return place - view->first < view->places;
}

/* Whether key and value of the entry at PLACE, with META, are within the logs. */
static inline bool cache_is_within(const struct cache_view *view, uint32_t place, uint64_t meta)
{
	return (uint64_t)place * CACHE_UNIT +
		       cache_footprint(cache_meta_key_size(meta), cache_meta_value_size(meta)) <=
	       view->end_bytes;
}

#endif
