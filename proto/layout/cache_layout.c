/*
 * Writing the header, and reading it where a peer may write it too: it is copied once, and what is
 * decided is decided on the copy. Zeroed shards are empty ones, so only the header is written.
 */
#include "layout/cache_layout.h"

#include <errno.h>
#include <string.h>

#include "base/payload.h"
#include "base/powers.h"
#include "layout/cache_view.h"
#include "layout/cache_words.h"

#define VALUE_SHARE   16u /* of the cache, that a value may have */
#define NURSERY_SHARE 10u /* of the logs, that the nursery has */
#define LOAD_PERCENT  75u /* of the slots, when the entries are as large as was said */

uint32_t cache_value_most(uint64_t size)
{
	uint64_t share = size / VALUE_SHARE;

	return share < CACHE_VALUE_MOST ? (uint32_t)share : CACHE_VALUE_MOST;
}

static uint64_t shard_size_of(const struct cache_shape *shape)
{
	uint64_t share = (shape->size - sizeof(struct cache_header)) / shape->n_shards;

	return share & ~(uint64_t)(CACHE_BUCKET_ALIGNMENT - 1);
}

/* Of a shard with ROOM for both the logs and the slots that lead to what is in them. */
static uint64_t buckets_for(uint64_t room, uint64_t footprint)
{
	uint64_t entries =
		room * LOAD_PERCENT / (footprint * LOAD_PERCENT + sizeof(uint64_t) * 100);
	uint64_t slots = entries * 100 / LOAD_PERCENT;

	return (slots + CACHE_BUCKET_SLOTS - 1) / CACHE_BUCKET_SLOTS;
}

void cache_plan_index(struct cache_shape *shape, uint32_t entry_size)
{
	uint64_t footprint = (uint64_t)CACHE_UNIT *
			     cache_units_of(sizeof(struct cache_entry) + (uint64_t)entry_size);
	uint64_t size;

	shape->n_buckets = CACHE_BUCKETS_LEAST;
	if (shape->n_shards == 0 || shape->size < sizeof(struct cache_header))
		return;
	size = shard_size_of(shape);
	if (size > sizeof(struct cache_shard))
		shape->n_buckets =
			(uint32_t)buckets_for(size - sizeof(struct cache_shard), footprint);
	if (shape->n_buckets < CACHE_BUCKETS_LEAST)
		shape->n_buckets = CACHE_BUCKETS_LEAST;
}

/* What is left of a shard for its logs, in units; 0 when nothing is. */
static uint32_t log_units_of(const struct cache_shape *shape, uint32_t *ret_start)
{
	uint64_t used = sizeof(struct cache_shard) +
			(uint64_t)shape->n_buckets * sizeof(struct cache_bucket);
	uint64_t size = shard_size_of(shape);

	*ret_start = (uint32_t)(used / CACHE_UNIT);
	return used < size ? (uint32_t)((size - used) / CACHE_UNIT) : 0;
}

static void plan_logs(const struct cache_shape *shape, struct cache_span logs[static CACHE_LOGS])
{
	uint32_t start, units = log_units_of(shape, &start);
	uint32_t nursery = units / NURSERY_SHARE;

	logs[CACHE_NURSERY] = (struct cache_span){start, nursery};
	logs[CACHE_MAIN] = (struct cache_span){start + nursery, units - nursery};
}

const char *cache_shape_fault(const struct cache_shape *shape)
{
	struct cache_span logs[CACHE_LOGS];
	uint64_t largest;

	if (shape->size < CACHE_SIZE_LEAST || shape->size > CACHE_SIZE_MOST)
		return "has an impossible size";
	if (!is_power_of_two(shape->n_shards) || shape->n_shards > CACHE_SHARDS_MOST)
		return "has an impossible number of shards";
	if (shard_size_of(shape) > CACHE_SHARD_MOST)
		return "has shards that are too large";
	if (shape->n_buckets < CACHE_BUCKETS_LEAST ||
	    shape->n_buckets > CACHE_SHARD_MOST / sizeof(struct cache_bucket))
		return "has an impossible index";
	plan_logs(shape, logs);
	largest = sizeof(struct cache_entry) + CACHE_KEY_MOST + cache_value_most(shape->size);
	if (logs[CACHE_MAIN].units < 2 * cache_units_of(largest))
		return "has shards that are too small for its largest values";
	return NULL;
}

int cache_format(void *memory, uint64_t size, const struct cache_shape *shape,
		 const uint8_t instance[static LAYOUT_INSTANCE_SIZE])
{
	struct cache_header *header = memory;

	if (cache_shape_fault(shape) || shape->size > size)
		return -EINVAL;
	layout_head_fill(&header->head, CACHE_VERSION, sizeof(*header), 0, instance);
	header->size = shape->size;
	header->seed = shape->seed;
	header->n_shards = shape->n_shards;
	header->n_buckets = shape->n_buckets;
	/* Pairs with the acquire in fetch(). */
	atomic_store_explicit(&header->head.magic, CACHE_MAGIC, memory_order_release);
	return 0;
}

/* All that the initialiser wrote. */
static void fetch(struct cache_header *copy, struct cache_header *header)
{
	/* Pairs with the release in cache_format(). */
	uint64_t magic = atomic_load_explicit(&header->head.magic, memory_order_acquire);

	payload_read(copy, header, offsetof(struct cache_header, reserved_64));
	atomic_store_explicit(&copy->head.magic, magic, memory_order_relaxed);
}

static struct cache_view view_of(void *memory, const struct cache_shape *shape)
{
	struct cache_view view = {
		.shards = (unsigned char *)memory + sizeof(struct cache_header),
		.shard_size = shard_size_of(shape),
		.seed = shape->seed,
		.n_buckets = shape->n_buckets,
		.shard_mask = shape->n_shards - 1,
		.value_most = cache_value_most(shape->size),
		.header = memory,
		.shape = *shape,
	};
	uint32_t end;

	plan_logs(shape, view.logs);
	end = view.logs[CACHE_MAIN].start + view.logs[CACHE_MAIN].units;
	view.first = view.logs[CACHE_NURSERY].start;
	view.places = end - view.first - cache_units_of(sizeof(struct cache_entry));
	view.end_bytes = (uint64_t)end * CACHE_UNIT;
	return view;
}

int cache_attach(void *memory, uint64_t size, struct cache_view *ret_view,
		 uint8_t ret_instance[static LAYOUT_INSTANCE_SIZE], const char **ret_fault)
{
	struct cache_header copy;
	struct cache_shape shape;

	if (size < sizeof(copy)) {
		*ret_fault = "is too small for a cache";
		return -ESTALE;
	}
	fetch(&copy, memory);
	*ret_fault = layout_head_fault(&copy.head, CACHE_MAGIC, CACHE_VERSION, sizeof(copy));
	if (*ret_fault)
		return -ESTALE;
	shape = (struct cache_shape){
		.size = copy.size,
		.n_shards = copy.n_shards,
		.n_buckets = copy.n_buckets,
		.seed = copy.seed,
	};
	*ret_fault = copy.head.flags ? "has flags that mean nothing" : cache_shape_fault(&shape);
	if (!*ret_fault && shape.size > size)
		*ret_fault = "is larger than its memory";
	if (*ret_fault)
		return -EBADMSG;
	memcpy(ret_instance, copy.head.instance, LAYOUT_INSTANCE_SIZE);
	*ret_view = view_of(memory, &shape);
	return 0;
}
