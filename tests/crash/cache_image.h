/*
 * A cache in an image, of one shard. The bytes of a value follow from its key and from a serial,
 * which is its first byte; so one that is torn, or another key's, shows.
 */
#ifndef CRASH_CACHE_IMAGE_H
#define CRASH_CACHE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <shmbroker/cache_fill.h>

#include "cast.h"
#include "formats/cache.h"

#define CACHE_IMAGE_KEYS  8u   /* that are there before anybody dies */
#define CACHE_IMAGE_CROWD 300u /* more of them where the cache is full */
#define CACHE_IMAGE_LARGE 700u /* bytes: copied by a call */

struct cache_image {
	_Alignas(64) unsigned char memory[CACHE_SIZE_LEAST];
	struct cast cast;
	unsigned keys;     /* from 0, that were set */
	uint64_t later_ms; /* what the clocks of all handles are ahead */
};

/* In the engine: lay out a cache for entries of ENTRY_SIZE. */
void cache_image_lay_out(struct cache_image *image, uint32_t entry_size);

/* The calling process as the member ID; as nobody, who may only read, for 0. */
struct shmb_cache *cache_image_handle(struct cache_image *image, uint64_t id);
void cache_image_close(struct shmb_cache *cache);

/* Set KEY, of SIZE bytes, to what it has with SERIAL. Returns as shmb_cache_set(). */
int cache_image_set(struct shmb_cache *cache, unsigned key, uint8_t serial, size_t size,
		    uint64_t ttl_ms);

/* The bytes themselves. */
void cache_image_fill(unsigned key, uint8_t serial, unsigned char *value, size_t size);

/* What KEY has: its serial, 0 when it is missed, -1 when it is torn or another key's. */
int cache_image_serial(const struct shmb_cache *cache, unsigned key);

/* The size that keys are set with at first. */
size_t cache_image_size(unsigned key);

#endif
