/*
 * From a key to its entry. Nothing here trusts what it loads: a place is compared with the logs,
 * and an entry with what is left of them.
 */
#ifndef FORMATS_CACHE_FIND_H
#define FORMATS_CACHE_FIND_H

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

#include "base/attr.h"
#include "base/payload.h"
#include "formats/cache_hash.h"
#include "formats/cache_sight.h"

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

/* What a look at one slot with the tag has shown. */
enum cache_look {
	CACHE_OTHER, /* not this key */
	CACHE_FOUND,
	CACHE_MOVING, /* it is being changed: look again */
};

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
