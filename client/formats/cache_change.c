/*
 * Changing one entry: each call checks what it was given, comes to the turn of the key's shard,
 * looks whether its condition holds, and stores.
 */
#include "formats/cache_change.h"

#include <errno.h>
#include <inttypes.h>

#include <shmbroker/error.h>

#include "core/error.h"
#include "formats/cache_jobs.h"
#include "formats/cache_key.h"

enum condition {
	ALWAYS,
	IF_MISSING,
	IF_THERE,
	IF_VERSION,
};

struct change {
	enum condition condition;
	uint64_t expected; /* IF_VERSION */
	const void *value;
	size_t size;
	const struct shmb_cache_terms *terms;
	uint64_t deadline;
};

static int check_ttl(uint64_t ttl_ms)
{
	if (ttl_ms <= SHMB_CACHE_TTL_MAX)
		return 0;
	return error_set(-EINVAL,
			 "a time to live of %" PRIu64 " ms is more than the ten years that there "
			 "can be; 0 is for ever",
			 ttl_ms);
}

int cache_change_check(const struct shmb_cache *cache, size_t size,
		       const struct shmb_cache_terms *terms)
{
	if (size > cache->view.value_most)
		return error_set(-EFBIG,
				 "%zu bytes are more than the %" PRIu32
				 " that a value in \"%s\" may have",
				 size, cache->view.value_most, cache->name);
	return terms ? check_ttl(terms->ttl_ms) : 0;
}

uint64_t cache_change_expiry(const struct cache_turn *turn, uint64_t ttl_ms)
{
	uint64_t expiry = turn->now + ttl_ms;

	if (ttl_ms == 0)
		return 0;
	return expiry < CACHE_EXPIRY_MOST ? expiry : CACHE_EXPIRY_MOST;
}

static struct cache_value value_of(const struct cache_turn *turn, const void *bytes, size_t size,
				   const struct shmb_cache_terms *terms)
{
	return (struct cache_value){
		.bytes = bytes,
		.size = (uint32_t)size,
		.kind = CACHE_VALUE,
		.flags = terms ? terms->flags : 0,
		.expiry = terms ? cache_change_expiry(turn, terms->ttl_ms) : 0,
	};
}

bool cache_change_find(const struct cache_turn *turn, const struct cache_key *key,
		       struct cache_sight *ret_sight)
{
	return cache_find_in_turn(turn, key, ret_sight) &&
	       cache_meta_kind(ret_sight->meta) == CACHE_VALUE &&
	       !cache_is_over(ret_sight->term, turn->now);
}

/* Whether the condition of CHANGE holds: 0, or what else is to be returned, and then the version
 * that is there in *ret_version. */
static int check_condition(const struct cache_turn *turn, const struct cache_key *key,
			   const struct change *change, uint64_t *ret_version)
{
	struct cache_sight sight;
	bool is_there;

	if (change->condition == ALWAYS)
		return 0;
	is_there = cache_change_find(turn, key, &sight);
	if (is_there)
		*ret_version = sight.version;
	if (change->condition == IF_MISSING)
		return is_there ? SHMB_EXISTS : 0;
	if (!is_there)
		return SHMB_MISS;
	return change->condition == IF_VERSION && sight.version != change->expected ? SHMB_CHANGED
										    : 0;
}

static int make(struct shmb_cache *cache, const void *key, size_t key_size,
		const struct change *change, uint64_t *ret_version)
{
	struct cache_key located;
	struct cache_turn turn;
	uint64_t version = 0;
	int r = cache_key_take(cache, key, key_size, &located);

	if (r == 0)
		r = cache_change_check(cache, change->size, change->terms);
	if (r != 0)
		return r;
	/* It is on its way from memory while the turn is awaited. */
	__builtin_prefetch(cache_line(&located, 0));
	r = cache_turn_begin(cache, located.shard_number, change->deadline, &turn);
	if (r != 0)
		return r;
	r = check_condition(&turn, &located, change, &version);
	if (r == 0) {
		const struct cache_value value =
			value_of(&turn, change->value, change->size, change->terms);

		cache_void_job(&turn, &located);
		r = cache_store(&turn, &located, &value, &version);
	}
	r = cache_turn_end(&turn, r);
	if ((r == 0 || r == SHMB_CHANGED) && ret_version)
		*ret_version = version;
	return r;
}

int shmb_cache_set(struct shmb_cache *cache, const void *key, size_t key_size, const void *value,
		   size_t size, const struct shmb_cache_terms *terms, uint64_t deadline,
		   uint64_t *ret_version)
{
	const struct change change = {ALWAYS, 0, value, size, terms, deadline};

	return make(cache, key, key_size, &change, ret_version);
}

int shmb_cache_add(struct shmb_cache *cache, const void *key, size_t key_size, const void *value,
		   size_t size, const struct shmb_cache_terms *terms, uint64_t deadline,
		   uint64_t *ret_version)
{
	const struct change change = {IF_MISSING, 0, value, size, terms, deadline};

	return make(cache, key, key_size, &change, ret_version);
}

int shmb_cache_replace(struct shmb_cache *cache, const void *key, size_t key_size,
		       const void *value, size_t size, const struct shmb_cache_terms *terms,
		       uint64_t deadline, uint64_t *ret_version)
{
	const struct change change = {IF_THERE, 0, value, size, terms, deadline};

	return make(cache, key, key_size, &change, ret_version);
}

int shmb_cache_compare_and_set(struct shmb_cache *cache, const void *key, size_t key_size,
			       uint64_t expected, const void *value, size_t size,
			       const struct shmb_cache_terms *terms, uint64_t deadline,
			       uint64_t *ret_version)
{
	const struct change change = {IF_VERSION, expected, value, size, terms, deadline};

	return make(cache, key, key_size, &change, ret_version);
}

int shmb_cache_delete(struct shmb_cache *cache, const void *key, size_t key_size, uint64_t deadline)
{
	struct cache_key located;
	struct cache_sight sight;
	struct cache_turn turn;
	int r = cache_key_take(cache, key, key_size, &located);

	if (r == 0)
		r = cache_turn_begin(cache, located.shard_number, deadline, &turn);
	if (r != 0)
		return r;
	cache_void_job(&turn, &located);
	r = cache_change_find(&turn, &located, &sight) ? 0 : SHMB_MISS;
	/* Also what is past its time, or a failure. */
	if (cache_find_in_turn(&turn, &located, &sight))
		cache_forget(&turn, sight.slot, 0);
	if (r == 0)
		cache_tally(&turn.shard->tallies.deletes, 1);
	return cache_turn_end(&turn, r);
}

int shmb_cache_touch(struct shmb_cache *cache, const void *key, size_t key_size, uint64_t ttl_ms,
		     uint64_t deadline)
{
	struct cache_key located;
	struct cache_sight sight;
	struct cache_turn turn;
	int r = cache_key_take(cache, key, key_size, &located);

	if (r == 0)
		r = check_ttl(ttl_ms);
	if (r == 0)
		r = cache_turn_begin(cache, located.shard_number, deadline, &turn);
	if (r != 0)
		return r;
	if (cache_change_find(&turn, &located, &sight))
		atomic_store_explicit(&sight.entry->term,
				      cache_term(cache_change_expiry(&turn, ttl_ms),
						 cache_flags(sight.meta, sight.term)),
				      memory_order_relaxed);
	else
		r = SHMB_MISS;
	return cache_turn_end(&turn, r);
}
