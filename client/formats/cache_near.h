/*
 * What most gets come to: a value in the home line of its key, whole at the first look.
 *
 * A processor waits for two lines of memory here. Meanwhile it goes on with the calls that follow,
 * as far as it sees ahead, which is some hundreds of instructions; so each that is left out here
 * counts more than it seems to, and what is stored to a place that it does not know yet counts
 * most.
 */
#ifndef FORMATS_CACHE_NEAR_H
#define FORMATS_CACHE_NEAR_H

#include "base/payload.h"
#include "formats/cache_find.h"

/* Where a key is most often. */
struct cache_spot {
	struct cache_shard *shard;
	_Atomic uint64_t *line; /* its home line */
	uint64_t tag;
};

static attr_inlined struct cache_spot cache_spot_of(const struct cache_view *view, const void *key,
						    size_t key_size)
{
	uint64_t hash = cache_hash(view, key, key_size);
	struct cache_shard *shard = cache_shard(view, cache_shard_number(view, hash));

	return (struct cache_spot){
		.shard = shard,
		.line = &cache_first_bucket(view, shard, hash)->slots[cache_home(hash)],
		.tag = cache_tag(hash),
	};
}

/* Follow its slot to an entry. False where there is none: a place that is busy, or a ghost's, is
 * outside of the logs. */
static attr_inlined bool cache_near_find(const struct cache_view *view, struct cache_spot spot,
					 struct cache_sight *ret_sight)
{
	unsigned match = cache_match(spot.line, spot.tag);
	uint32_t place;

	if (match == 0)
		return false;
	ret_sight->slot = &spot.line[__builtin_ctz(match)];
	/* Pairs with the release of the slot when it was made to lead there. */
	ret_sight->word = atomic_load_explicit(ret_sight->slot, memory_order_acquire);
	place = (uint32_t)(ret_sight->word >> 32);
	ret_sight->entry = cache_entry(spot.shard, place);
	return cache_may_be_at(view, place);
}

/* Copy the value of the entry that was found. False when it is not to be had so, whatever it is.
 * What is past its time is had, too. */
static attr_inlined bool cache_near_take(const struct cache_view *view, const void *key,
					 size_t key_size, void *buffer, size_t room,
					 struct cache_sight *sight)
{
	uint32_t size;

	cache_sight_fetch(sight);
	size = cache_meta_value_size(sight->meta);
	if (sight->version == 0 || !cache_meta_is_value(sight->meta, (uint32_t)key_size) ||
	    size > room || !cache_is_within(view, (uint32_t)(sight->word >> 32), sight->meta) ||
	    !payload_is(sight->entry->key, key, key_size))
		return false;
	if (size <= PAYLOAD_MIDDLE)
		payload_read_middle(buffer, sight->entry->key + key_size, payload_size(size, room));
	else
		payload_read(buffer, sight->entry->key + key_size, payload_size(size, room));
	return cache_holds_still(sight);
}

#endif
