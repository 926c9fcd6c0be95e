/*
 * Adding to a number. It is a text of decimal digits, so that programs and people can set and read
 * it; what the sum is becomes the entry's next value.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <shmbroker/error.h>

#include "core/error.h"
#include "formats/cache_change.h"
#include "formats/cache_key.h"

#define DIGITS_MOST 20u /* of 2^64 - 1 */

static bool parse(const char *text, size_t size, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (size == 0 || size > DIGITS_MOST)
		return false;
	for (size_t i = 0; i < size; i++) {
		unsigned digit = (unsigned char)text[i] - '0';

		if (digit > 9 || __builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, digit, &number))
			return false;
	}
	*ret_number = number;
	return true;
}

static int read_number(const struct cache_turn *turn, const struct cache_sight *sight,
		       uint64_t *ret_number)
{
	uint32_t size = cache_meta_value_size(sight->meta);
	char text[DIGITS_MOST];

	if (size <= sizeof(text)) {
		payload_read(text, cache_sight_value(sight), size);
		if (parse(text, size, ret_number))
			return 0;
	}
	return error_set(-EDOM,
			 "the value in \"%s\" is no number: a text of 1 to %u decimal digits, not "
			 "more than 2^64 - 1, is one; set it to one first",
			 turn->cache->name, DIGITS_MOST);
}

static int add(const struct cache_turn *turn, int64_t delta, uint64_t *number)
{
	uint64_t less = UINT64_C(0) - (uint64_t)delta;

	if (delta < 0) {
		*number = *number > less ? *number - less : 0;
		return 0;
	}
	if (__builtin_add_overflow(*number, (uint64_t)delta, number))
		return error_set(-ERANGE,
				 "the number in \"%s\" and %" PRId64
				 " together are more than 2^64 - 1; it stays as it is",
				 turn->cache->name, delta);
	return 0;
}

static int increment(struct cache_turn *turn, const struct cache_key *key, int64_t delta,
		     uint64_t *ret_number)
{
	char text[DIGITS_MOST + 1];
	struct cache_sight sight;
	uint64_t version;
	int r;

	if (!cache_change_find(turn, key, &sight))
		return SHMB_MISS;
	r = read_number(turn, &sight, ret_number);
	if (r == 0)
		r = add(turn, delta, ret_number);
	if (r < 0)
		return r;
	return cache_store(turn, key,
			   &(struct cache_value){
				   .bytes = text,
				   .size = (uint32_t)snprintf(text, sizeof(text), "%" PRIu64,
							      *ret_number),
				   .kind = CACHE_VALUE,
				   .flags = cache_flags(sight.meta, sight.term),
				   .expiry = cache_term_expiry(sight.term),
			   },
			   &version);
}

int shmb_cache_increment(struct shmb_cache *cache, const void *key, size_t key_size, int64_t delta,
			 uint64_t deadline, uint64_t *ret_number)
{
	struct cache_key located;
	struct cache_turn turn;
	uint64_t number = 0;
	int r = cache_key_take(cache, key, key_size, &located);

	if (r == 0)
		r = cache_turn_begin(cache, located.shard_number, deadline, &turn);
	if (r != 0)
		return r;
	r = cache_turn_end(&turn, increment(&turn, &located, delta, &number));
	if (r == 0 && ret_number)
		*ret_number = number;
	return r;
}
