#include "policy.h"

#include <err.h>
#include <stdlib.h>

struct cache *cache_new(const struct policy *policy, uint64_t capacity)
{
	struct cache *cache = calloc(1, policy->size);

	if (!cache)
		err(EXIT_FAILURE, "%s", policy->name);
	cache->policy = policy;
	cache->capacity = capacity;
	policy->start(cache);
	return cache;
}

void cache_free(struct cache *cache)
{
	if (!cache)
		return;
	entries_fini(&cache->entries);
	free(cache);
}

void cache_count(struct cache *cache, uint32_t key)
{
	struct entry *entry = entry_of(&cache->entries, key);

	if (entry->count < cache->policy->most)
		entry->count++;
}

bool cache_holds(const struct cache *cache, uint32_t key)
{
	return key < cache->entries.n && entry_is_held(&cache->entries.all[key]);
}

bool cache_access(struct cache *cache, const struct request *request)
{
	const struct policy *policy = cache->policy;
	struct entry *entry;

	entries_reach(&cache->entries, request->key);
	entry = entry_of(&cache->entries, request->key);
	if (entry_is_held(entry)) {
		if (request->marks && policy->mark)
			policy->mark(cache, request->key);
		return true;
	}
	if (request->size > cache->capacity)
		return false;
	while (cache->entries.held + request->size > cache->capacity)
		policy->evict(cache);
	entry->size = request->size;
	entry->count = 0;
	policy->insert(cache, request->key);
	cache->inserted += request->size;
	return false;
}
