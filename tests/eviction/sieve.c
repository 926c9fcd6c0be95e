/*
 * SIEVE (Zhang et al., NSDI '24): a hand goes from the oldest to the newest, takes the mark from
 * what has one, and evicts the first that has none, where it stands. What was kept stays in its
 * place, so that what is new is soon at the hand; in a log that leaves holes, and the order has to
 * be in links.
 */
#include "policy.h"

struct sieve {
	struct cache cache;
	struct queue queue;
	uint32_t hand; /* NO_KEY: at the oldest */
};

static void start(struct cache *cache)
{
	struct sieve *sieve = (struct sieve *)cache;

	queue_init(&sieve->queue, PLACE_MAIN);
	sieve->hand = NO_KEY;
}

static void insert(struct cache *cache, uint32_t key)
{
	queue_add(&((struct sieve *)cache)->queue, &cache->entries, key);
}

static void evict(struct cache *cache)
{
	struct sieve *sieve = (struct sieve *)cache;
	struct entry *entry;
	uint32_t key;

	for (;;) {
		key = sieve->hand == NO_KEY ? sieve->queue.oldest : sieve->hand;
		entry = entry_of(&cache->entries, key);
		sieve->hand = entry->newer;
		if (entry->count == 0)
			break;
		entry->count = 0;
	}
	queue_remove(&sieve->queue, &cache->entries, key);
}

const struct policy policy_sieve = {
	.name = "SIEVE",
	.size = sizeof(struct sieve),
	.most = 1,
	.start = start,
	.mark = cache_count,
	.insert = insert,
	.evict = evict,
};
