/*
 * A cache in a mapping of this process: all the bounds that are ever used, as they were fetched
 * from its header once, and where by them things are.
 */
#ifndef LAYOUT_CACHE_VIEW_H
#define LAYOUT_CACHE_VIEW_H

#include "layout/cache_layout.h"

/* A log of a shard, in units from the shard's beginning. */
struct cache_span {
	uint32_t start;
	uint32_t units;
};

struct cache_view {
	unsigned char *shards;
	uint64_t shard_size;
	uint64_t seed;
	uint32_t n_buckets;
	uint32_t shard_mask;
	uint32_t first;     /* unit of the logs, of which one lies behind the other */
	uint32_t places;    /* from there on, in which an entry may begin */
	uint64_t end_bytes; /* from the shard's beginning to the end of the logs */
	struct cache_span logs[CACHE_LOGS];
	uint32_t value_most;
	struct cache_header *header;
	struct cache_shape shape;
};

/*
 * A view of the SIZE bytes at MEMORY, which may hold anything and be written to meanwhile. Returns
 * 0; -ESTALE when they are no cache, or one of another layout or machine; -EBADMSG when the header
 * contradicts itself or the size; and what is wrong, as the end of a sentence, in *ret_fault. Also
 * the instance that stands in the header.
 */
int cache_attach(void *memory, uint64_t size, struct cache_view *ret_view,
		 uint8_t ret_instance[static LAYOUT_INSTANCE_SIZE], const char **ret_fault);

static inline struct cache_shard *cache_shard(const struct cache_view *view, uint32_t n)
{
	return (struct cache_shard *)(view->shards + (n & view->shard_mask) * view->shard_size);
}

/* Bucket N of SHARD, which is less than n_buckets. */
static inline struct cache_bucket *cache_bucket(struct cache_shard *shard, uint32_t n)
{
	return (struct cache_bucket *)(shard + 1) + n;
}

/* The entry at PLACE of SHARD; PLACE lies within one of the logs. */
static inline struct cache_entry *cache_entry(struct cache_shard *shard, uint32_t place)
{
	return (struct cache_entry *)((unsigned char *)shard + (uint64_t)place * CACHE_UNIT);
}

static inline bool cache_is_in_main(const struct cache_view *view, uint32_t place)
{
	return place - view->logs[CACHE_MAIN].start < view->logs[CACHE_MAIN].units;
}

/* How many units there are from PLACE to the end of the log that it lies in; 0 when it lies in
 * none. */
static inline uint32_t cache_room_at(const struct cache_view *view, uint32_t place)
{
	const struct cache_span *main = &view->logs[CACHE_MAIN];
	const struct cache_span *nursery = &view->logs[CACHE_NURSERY];

	if (place - main->start < main->units)
		return main->units - (place - main->start);
	if (place - nursery->start < nursery->units)
		return nursery->units - (place - nursery->start);
	return 0;
}

#endif
