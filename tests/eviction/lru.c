/*
 * LRU, for comparison: what was not asked for the longest time goes first. It writes to a list with
 * each hit.
 */
#include "policy.h"

struct lru {
	struct cache cache;
	struct queue queue;
};

static void start(struct cache *cache)
{
	queue_init(&((struct lru *)cache)->queue, PLACE_MAIN);
}

static void mark(struct cache *cache, uint32_t key)
{
	queue_renew(&((struct lru *)cache)->queue, &cache->entries, key);
}

static void insert(struct cache *cache, uint32_t key)
{
	queue_add(&((struct lru *)cache)->queue, &cache->entries, key);
}

static void evict(struct cache *cache)
{
	struct queue *queue = &((struct lru *)cache)->queue;

	queue_remove(queue, &cache->entries, queue->oldest);
}

const struct policy policy_lru = {
	.name = "LRU",
	.size = sizeof(struct lru),
	.start = start,
	.mark = mark,
	.insert = insert,
	.evict = evict,
};
