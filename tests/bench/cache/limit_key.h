/*
 * The keys of the limits: two words, and no hash does with less for them.
 */
#ifndef BENCH_CACHE_LIMIT_KEY_H
#define BENCH_CACHE_LIMIT_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

static attr_inlined uint64_t limit_hash(const uint64_t key[2])
{
	unsigned __int128 product = (unsigned __int128)(key[0] ^ UINT64_C(0x9e3779b97f4a7c15)) *
				    (key[1] ^ UINT64_C(0xd1b54a32d192ed03));

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static attr_inlined bool limit_is_key(const uint64_t one[2], const uint64_t other[2])
{
	return ((one[0] ^ other[0]) | (one[1] ^ other[1])) == 0;
}

#endif
