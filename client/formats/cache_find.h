/*
 * From a key to its entry. Nothing here trusts what it loads: a place is compared with the logs,
 * and an entry with what is left of its log.
 */
#ifndef FORMATS_CACHE_FIND_H
#define FORMATS_CACHE_FIND_H

#include <shmbroker/cache.h>

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

#include "base/attr.h"
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
	struct cache_bucket *buckets[2]; /* by the first one alone most are found */
	unsigned home;                   /* as cache_home() */
};

static attr_inlined void cache_locate(const struct cache_view *view, const void *bytes, size_t size,
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
		.buckets = {cache_first_bucket(view, shard, hash),
			    cache_second_bucket(view, shard, hash)},
		.home = cache_home(hash),
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
	       view->end;
}

static attr_inlined enum cache_look cache_look_at(const struct cache_view *view,
						  const struct cache_key *key,
						  struct cache_sight *sight)
{
	uint32_t place = cache_slot_place(sight->word);

	if (sight->word & CACHE_BUSY)
		return CACHE_MOVING;
	/* The other ones are ghosts, or a peer's doing. */
	if (!cache_may_be_at(view, place))
		return CACHE_OTHER;
	sight->entry = cache_entry(key->shard, place);
	cache_sight_fetch(sight);
	if (sight->version == 0)
		return CACHE_MOVING;
	if (cache_meta_key_size(sight->meta) == key->size &&
	    cache_is_within(view, place, sight->meta) &&
	    cache_meta_kind(sight->meta) != CACHE_FREE &&
	    payload_is(sight->entry->key, key->bytes, key->size))
		return CACHE_FOUND;
	return cache_holds_still(sight) ? CACHE_OTHER : CACHE_MOVING;
}

/*
 * Which of the slots of a line may have TAG, a bit each. Each is looked at again before it counts.
 * On x86 four are compared at a time; a slot changes by one store, so that it is seen either as it
 * was or as it is then.
 */
static attr_inlined unsigned cache_match(const _Atomic uint64_t *slots, uint64_t tag)
{
	unsigned match = 0;

#if defined(__x86_64__) && !defined(PAYLOAD_BY_WORDS)
	const __m128i wanted = _mm_set1_epi32((int)tag);
	const __m128i mask = _mm_set1_epi32((int)CACHE_TAG_MASK);
	const __m128 *words = (const __m128 *)slots;

	__asm__ volatile("" ::: "memory");
	for (unsigned i = 0; i < CACHE_LINE_SLOTS / 4; i++) {
		/* The low halves of four. */
		__m128i tags = _mm_castps_si128(
			_mm_shuffle_ps(words[2 * i], words[2 * i + 1], _MM_SHUFFLE(2, 0, 2, 0)));
		__m128i same = _mm_cmpeq_epi32(_mm_and_si128(tags, mask), wanted);

		match |= (unsigned)_mm_movemask_ps(_mm_castsi128_ps(same)) << (4 * i);
	}
	__asm__ volatile("" ::: "memory");
#else
	for (unsigned i = 0; i < CACHE_LINE_SLOTS; i++) {
		uint64_t word = atomic_load_explicit(&slots[i], memory_order_relaxed);

		match |= (unsigned)(cache_slot_tag(word) == tag) << i;
	}
#endif
	return match;
}

/* Look for KEY in one line, SLOTS. */
static attr_inlined enum cache_look cache_find_in_line(const struct cache_view *view,
						       const struct cache_key *key,
						       _Atomic uint64_t *slots,
						       struct cache_sight *ret_sight)
{
	unsigned match = cache_match(slots, key->tag);
	enum cache_look found = CACHE_OTHER;

	for (; match != 0; match &= match - 1) {
		_Atomic uint64_t *slot = &slots[__builtin_ctz(match)];
		/* Pairs with the release of the slot when it was made to lead there. */
		uint64_t word = atomic_load_explicit(slot, memory_order_acquire);
		enum cache_look look;

		if (cache_slot_tag(word) != key->tag)
			continue;
		ret_sight->slot = slot;
		ret_sight->word = word;
		look = cache_look_at(view, key, ret_sight);
		if (look == CACHE_FOUND)
			return look;
		if (look == CACHE_MOVING)
			found = CACHE_MOVING;
	}
	return found;
}

/* Where to look for KEY: 0 is its home line, and 3 the last one. */
static inline _Atomic uint64_t *cache_line(const struct cache_key *key, unsigned n)
{
	return &key->buckets[n / 2]->slots[n % 2 ? key->home ^ CACHE_LINE_SLOTS : key->home];
}

#define CACHE_KEY_LINES 4u

/* The rest of cache_find(), when it was not in the home line, where FOUND was the answer. */
static inline enum cache_look cache_find_away(const struct cache_view *view,
					      const struct cache_key *key, enum cache_look found,
					      struct cache_sight *ret_sight)
{
	for (unsigned n = 1; n < CACHE_KEY_LINES; n++) {
		enum cache_look look = cache_find_in_line(view, key, cache_line(key, n), ret_sight);

		if (look == CACHE_FOUND)
			return look;
		if (look == CACHE_MOVING)
			found = look;
	}
	return found;
}

/* Look for KEY. What is found may have changed meanwhile, as cache_holds_still() tells. */
static attr_inlined enum cache_look cache_find(const struct cache_view *view,
					       const struct cache_key *key,
					       struct cache_sight *ret_sight)
{
	enum cache_look found = cache_find_in_line(view, key, cache_line(key, 0), ret_sight);

	return found == CACHE_FOUND ? found : cache_find_away(view, key, found, ret_sight);
}

#endif
