#include "cache_image.h"

#include <stdlib.h>
#include <string.h>

#include <shmbroker/error.h>

#include "core/process.h"
#include "operation.h"

static const uint8_t instance[LAYOUT_INSTANCE_SIZE];

void cache_image_lay_out(struct cache_image *image, uint32_t entry_size)
{
	struct cache_shape shape = {.size = sizeof(image->memory), .n_shards = 1, .seed = 99};

	image->cast = cast_renew();
	cache_plan_index(&shape, entry_size);
	if (cache_format(image->memory, sizeof(image->memory), &shape, instance) < 0)
		abort();
}

/* Clocks are set once, and then trusted: that they are looked at again is not what is tried here.
 */
static void set_clock(struct cache_clock *clock, uint64_t later_ms)
{
	atomic_fetch_add(&clock->lag_ms, later_ms);
	atomic_fetch_add(&clock->checked_ms, UINT64_C(1) << 60);
}

struct shmb_cache *cache_image_handle(struct cache_image *image, uint64_t id)
{
	uint8_t found[LAYOUT_INSTANCE_SIZE];
	struct shmb_cache *cache = calloc(1, sizeof(*cache) + sizeof("cache"));
	const char *fault;

	if (!cache || !(cache->segment = calloc(1, sizeof(*cache->segment))) ||
	    cache_attach(image->memory, sizeof(image->memory), &cache->view, found, &fault) < 0 ||
	    !(cache->local = cache_local_new(1)))
		abort();
	memcpy(cache->name, "cache", sizeof("cache"));
	cache->segment->process = process_here();
	cache->segment->attachment.data = image->memory;
	cache->segment->attachment.size = sizeof(image->memory);
	set_clock(&cache->local->clock, image->later_ms);
	if (id != 0) {
		cache->member = malloc(sizeof(*cache->member));
		if (!cache->member)
			abort();
		*cache->member = cast_as(id);
	}
	return cache;
}

void cache_image_close(struct shmb_cache *cache)
{
	free(cache->member);
	free(cache->local);
	free(cache->segment);
	free(cache);
}

static unsigned char byte_of(unsigned key, uint8_t serial)
{
	return (unsigned char)(key * 37 + serial * 101 + 1);
}

void cache_image_fill(unsigned key, uint8_t serial, unsigned char *value, size_t size)
{
	memset(value, byte_of(key, serial), size);
	value[0] = serial;
}

size_t cache_image_size(unsigned key)
{
	return 20 + key * 29 % 90;
}

int cache_image_set(struct shmb_cache *cache, unsigned key, uint8_t serial, size_t size,
		    uint64_t ttl_ms)
{
	const struct shmb_cache_terms terms = {.ttl_ms = ttl_ms, .flags = key};
	unsigned char value[CACHE_IMAGE_LARGE];

	cache_image_fill(key, serial, value, size);
	return shmb_cache_set(cache, &key, sizeof(key), value, size, &terms, SHMB_NO_DEADLINE,
			      NULL);
}

int cache_image_serial(const struct shmb_cache *cache, unsigned key)
{
	unsigned char value[CACHE_IMAGE_LARGE];
	struct shmb_cache_entry entry;
	int r = shmb_cache_get(cache, &key, sizeof(key), value, sizeof(value), &entry);

	if (r == SHMB_MISS)
		return 0;
	if (r != 0 || entry.size == 0 || value[0] == 0 || entry.flags != key)
		return -1;
	for (size_t i = 1; i < entry.size; i++)
		if (value[i] != byte_of(key, value[0]))
			return -1;
	return value[0];
}
