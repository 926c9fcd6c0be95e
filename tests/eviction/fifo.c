/*
 * FIFO, for comparison: what came first goes first. It notes nothing of hits, so that it is what
 * others come to when nobody marks.
 */
#include "policy.h"

struct fifo {
	struct cache cache;
	struct queue queue;
};

static void start(struct cache *cache)
{
	queue_init(&((struct fifo *)cache)->queue, PLACE_MAIN);
}

static void insert(struct cache *cache, uint32_t key)
{
	queue_add(&((struct fifo *)cache)->queue, &cache->entries, key);
}

static void evict(struct cache *cache)
{
	struct queue *queue = &((struct fifo *)cache)->queue;

	queue_remove(queue, &cache->entries, queue->oldest);
}

const struct policy policy_fifo = {
	.name = "FIFO",
	.size = sizeof(struct fifo),
	.start = start,
	.insert = insert,
	.evict = evict,
};
