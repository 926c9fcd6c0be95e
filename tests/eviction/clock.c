/*
 * CLOCK: a FIFO whose oldest entry gets another round for each hit that was counted, as far as the
 * counter goes. In a log it is written once more, at the other end.
 */
#include "policy.h"

struct clock {
	struct cache cache;
	struct queue queue;
};

static void start(struct cache *cache)
{
	queue_init(&((struct clock *)cache)->queue, PLACE_MAIN);
}

static void insert(struct cache *cache, uint32_t key)
{
	queue_add(&((struct clock *)cache)->queue, &cache->entries, key);
}

static void evict(struct cache *cache)
{
	struct queue *queue = &((struct clock *)cache)->queue;
	struct entry *oldest;

	while ((oldest = entry_of(&cache->entries, queue->oldest))->count > 0) {
		oldest->count--;
		cache->moved += oldest->size;
		queue_renew(queue, &cache->entries, queue->oldest);
	}
	queue_remove(queue, &cache->entries, queue->oldest);
}

const struct policy policy_clock = {
	.name = "CLOCK",
	.size = sizeof(struct clock),
	.most = 1,
	.start = start,
	.mark = cache_count,
	.insert = insert,
	.evict = evict,
};

const struct policy policy_clock3 = {
	.name = "CLOCK to 3",
	.size = sizeof(struct clock),
	.most = 3,
	.start = start,
	.mark = cache_count,
	.insert = insert,
	.evict = evict,
};
