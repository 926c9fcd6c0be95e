/*
 * Setting a key, by who has the turn of its shard.
 */
#ifndef FORMATS_CACHE_STORE_H
#define FORMATS_CACHE_STORE_H

#include "formats/cache_find.h"
#include "formats/cache_shard.h"

/* What a key is to have. */
struct cache_value {
	const void *bytes;
	uint32_t size; /* at most value_most */
	enum cache_kind kind;
	uint32_t flags;
	uint64_t expiry; /* 0: never */
};

/*
 * Set KEY to VALUE. Returns 0, and the version in *ret_version; or -EBADMSG with a text, when the
 * shard made no sense, and then it is empty.
 */
int cache_store(struct cache_turn *turn, const struct cache_key *key,
		const struct cache_value *value, uint64_t *ret_version);

#endif
