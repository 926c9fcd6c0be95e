/*
 * S3-FIFO (Yang et al., SOSP '23), by its Algorithm 1. What is new goes through a small FIFO first,
 * and only what was asked for there comes into the main one, a CLOCK with a counter; the rest is
 * evicted soon, and its key is remembered in a ghost FIFO. What is asked for while it is remembered
 * comes into main at once.
 *
 * By bytes, where the paper has entries of one size: the shares of small and main are of bytes. The
 * ghost holds keys, a part of as many as main would of entries of the size that is usual now.
 */
#include "policy.h"

struct s3fifo {
	struct cache cache;
	struct queue small, main, ghost;
};

static uint64_t small_share(const struct cache *cache)
{
	return cache->capacity * cache->policy->s3fifo.small_percent / 100;
}

static uint64_t main_share(const struct cache *cache)
{
	return cache->capacity - small_share(cache);
}

static void start(struct cache *cache)
{
	struct s3fifo *s3fifo = (struct s3fifo *)cache;

	queue_init(&s3fifo->small, PLACE_SMALL);
	queue_init(&s3fifo->main, PLACE_MAIN);
	queue_init(&s3fifo->ghost, PLACE_GHOST);
}

static void insert(struct cache *cache, uint32_t key)
{
	struct s3fifo *s3fifo = (struct s3fifo *)cache;

	if (entry_of(&cache->entries, key)->place == PLACE_GHOST) {
		queue_remove(&s3fifo->ghost, &cache->entries, key);
		queue_add(&s3fifo->main, &cache->entries, key);
	} else {
		queue_add(&s3fifo->small, &cache->entries, key);
	}
}

static void evict_main(struct s3fifo *s3fifo)
{
	struct cache *cache = &s3fifo->cache;
	struct entry *oldest;

	while ((oldest = entry_of(&cache->entries, s3fifo->main.oldest))->count > 0) {
		oldest->count--;
		cache->moved += oldest->size;
		queue_renew(&s3fifo->main, &cache->entries, s3fifo->main.oldest);
	}
	queue_remove(&s3fifo->main, &cache->entries, s3fifo->main.oldest);
}

/* KEY has left small, and had its hits. Main makes room for it. */
static void promote(struct s3fifo *s3fifo, uint32_t key)
{
	struct cache *cache = &s3fifo->cache;
	struct entry *entry = entry_of(&cache->entries, key);

	entry->count = 0;
	cache->moved += entry->size;
	queue_add(&s3fifo->main, &cache->entries, key);
	while (s3fifo->main.bytes > main_share(cache))
		evict_main(s3fifo);
}

/* KEY has left small, and had none. */
static void remember(struct s3fifo *s3fifo, uint32_t key)
{
	struct cache *cache = &s3fifo->cache;
	struct entries *entries = &cache->entries;
	/* With KEY, so that there is something. */
	uint64_t n = s3fifo->small.n + s3fifo->main.n + 1;
	uint64_t bytes = entries->held + entry_of(entries, key)->size;
	uint64_t most = main_share(cache) * n / bytes * cache->policy->s3fifo.ghost_percent / 100;

	queue_add(&s3fifo->ghost, entries, key);
	while (s3fifo->ghost.n > most)
		queue_remove(&s3fifo->ghost, entries, s3fifo->ghost.oldest);
}

static void evict_small(struct s3fifo *s3fifo)
{
	struct cache *cache = &s3fifo->cache;

	while (s3fifo->small.n > 0) {
		uint32_t key = s3fifo->small.oldest;

		queue_remove(&s3fifo->small, &cache->entries, key);
		if (entry_of(&cache->entries, key)->count < cache->policy->s3fifo.threshold) {
			remember(s3fifo, key);
			return;
		}
		promote(s3fifo, key);
	}
}

static void evict(struct cache *cache)
{
	struct s3fifo *s3fifo = (struct s3fifo *)cache;

	if (s3fifo->main.n == 0 ||
	    (s3fifo->small.n > 0 && s3fifo->small.bytes >= small_share(cache)))
		evict_small(s3fifo);
	else
		evict_main(s3fifo);
}

const struct policy policy_s3fifo = {
	.name = "S3-FIFO",
	.size = sizeof(struct s3fifo),
	.most = 3,
	.s3fifo = {.small_percent = 10, .threshold = 2, .ghost_percent = 100},
	.start = start,
	.mark = cache_count,
	.insert = insert,
	.evict = evict,
};

const struct policy policy_s3fifo1 = {
	.name = "S3-FIFO, 1",
	.size = sizeof(struct s3fifo),
	.most = 3,
	.s3fifo = {.small_percent = 10, .threshold = 1, .ghost_percent = 100},
	.start = start,
	.mark = cache_count,
	.insert = insert,
	.evict = evict,
};
