/*
 * Opening a cache: a segment with a layout tag, formatted by whoever is told to, and looked through
 * by everybody else. What is in it depends on who created it; size, entry_size and shards of
 * somebody who finds it there are wishes that came too late.
 */
#include "formats/cache.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <shmbroker/error.h>

#include "base/powers.h"
#include "base/random.h"
#include "core/error.h"
#include "formats/cache_count.h"
#include "formats/format.h"

#if SHMB_CACHE_VALUE_MAX != CACHE_VALUE_MOST || SHMB_CACHE_KEY_MAX != CACHE_KEY_MOST ||            \
	SHMB_CACHE_SHARDS_MAX != CACHE_SHARDS_MOST || SHMB_CACHE_SIZE_MAX != CACHE_SIZE_MOST
#error "what is promised is not what the layout has"
#endif

#define SHARDS_LEAST 4u
#define SHARDS_MOST  64u
#define SHARD_SIZE   (UINT64_C(8) << 20) /* of caches that are large enough for more shards */

static int check_options(const char *name, const struct shmb_cache_options *options)
{
	int r = format_check_options("cache", name, &options->segment);

	if (r < 0)
		return r;
	if (options->size != 0 &&
	    (options->size < SHMB_CACHE_SIZE_MIN || options->size > SHMB_CACHE_SIZE_MAX))
		return format_refuse_options("cache", name,
					     "have a size other than 64 KiB to 1 TiB");
	if (options->entry_size > SHMB_CACHE_KEY_MAX + SHMB_CACHE_VALUE_MAX)
		return format_refuse_options("cache", name,
					     "have an entry_size of more than an entry can have");
	if (options->shards > SHMB_CACHE_SHARDS_MAX)
		return format_refuse_options("cache", name, "have more than 1024 shards");
	return 0;
}

static uint32_t shards_for(uint64_t size)
{
	uint32_t n = SHARDS_LEAST;

	while (n < SHARDS_MOST && size / n > SHARD_SIZE)
		n *= 2;
	return n;
}

/* All but the seed. */
static struct cache_shape shape_of(const struct shmb_cache_options *options)
{
	uint64_t size = options->size ? options->size : SHMB_CACHE_SIZE_DEFAULT;
	struct cache_shape shape = {
		.size = size,
		.n_shards = options->shards ? (uint32_t)power_of_two_from(1, options->shards)
					    : shards_for(size),
	};

	cache_plan_index(&shape,
			 options->entry_size ? options->entry_size : SHMB_CACHE_ENTRY_DEFAULT);
	return shape;
}

static int format(const struct shmb_cache *cache, const struct shmb_cache_options *options)
{
	struct cache_shape shape = shape_of(options);
	size_t size = shmb_segment_size(cache->segment);
	int r = random_fill(&shape.seed, sizeof(shape.seed));

	if (r < 0)
		return error_set(r, "there are no random bytes for the seed of \"%s\": %s",
				 cache->name, strerror(-r));
	if (cache_format(segment_data(cache->segment), size, &shape,
			 cache->member->roster.shared->instance) == 0)
		return 0;
	return error_set(-EFBIG,
			 "\"%s\" was not finished by its creator and has %zu bytes, which is not "
			 "enough for what this one wants; remove it",
			 cache->name, size);
}

/* The view of what is there, and whether it will do. */
static int look_through(struct shmb_cache *cache)
{
	uint8_t instance[LAYOUT_INSTANCE_SIZE];
	const char *fault = NULL;
	int r = cache_attach(segment_data(cache->segment), shmb_segment_size(cache->segment),
			     &cache->view, instance, &fault);

	if (r < 0)
		return error_set(r, "\"%s\" %s; choose another name or remove it", cache->name,
				 fault);
	return cache->member ? format_check_roster(cache->name, cache->member, instance, "writers")
			     : 0;
}

struct cache_local *cache_local_new(uint32_t turns)
{
	size_t size = sizeof(struct cache_local) + turns * sizeof(struct lock_turn);
	struct cache_local *local =
		aligned_alloc(LAYOUT_LINE, (size + LAYOUT_LINE - 1) / LAYOUT_LINE * LAYOUT_LINE);

	if (!local)
		return NULL;
	memset(local, 0, size);
	cache_clock_init(&local->clock);
	return local;
}

/* A forked child goes on with it: what is not counted yet is the parent's to count, and it may be
 * in another time namespace. */
static void pass_on(void *handle)
{
	struct shmb_cache *cache = handle;

	cache_count_anew(cache);
	cache_clock_init(&cache->local->clock);
}

/* All that comes after its segment is had. */
static int set_up(struct shmb_cache *cache, struct shmb_connection *connection,
		  const struct shmb_cache_options *options, bool is_fresh)
{
	int r = 0;

	if (is_fresh || !(options->segment.flags & SHMB_READ))
		r = shmb_member_get(connection, &cache->member);
	if (r == 0 && is_fresh)
		r = format(cache, options);
	if (r == 0)
		r = look_through(cache);
	if (r == 0) {
		cache->local = cache_local_new(cache->view.shape.n_shards);
		r = cache->local ? 0 : error_no_memory();
	}
	if (r == 0) {
		cache->segment->passed_on = pass_on;
		cache->segment->format_handle = cache;
	}
	if (r == 0 && is_fresh)
		r = shmb_segment_ready(cache->segment);
	if (options->segment.flags & SHMB_READ)
		cache->member = NULL;
	return r;
}

int shmb_cache_open(struct shmb_connection *connection, const char *name,
		    const struct shmb_cache_options *options, struct shmb_cache **ret_cache)
{
	static const struct shmb_cache_options read_only = {.segment.flags = SHMB_READ};
	struct cache_shape shape;
	struct shmb_cache *cache;
	const char *fault;
	int r;

	if (!options)
		options = &read_only;
	r = check_options(name, options);
	if (r < 0)
		return r;
	shape = shape_of(options);
	fault = cache_shape_fault(&shape);
	if (fault)
		return error_set(-EINVAL, "a cache \"%s\" with these options %s", name, fault);
	cache = format_handle_new(sizeof(*cache), offsetof(struct shmb_cache, name), name);
	if (!cache)
		return error_no_memory();
	r = format_open_segment(connection, name, &options->segment, SHMB_CACHE_LAYOUT, shape.size,
				&cache->segment);
	if (r >= 0)
		r = set_up(cache, connection, options, r == SHMB_INITIALISE);
	if (r < 0) {
		shmb_cache_close(cache);
		return r;
	}
	*ret_cache = cache;
	return 0;
}

void shmb_cache_close(struct shmb_cache *cache)
{
	if (!cache)
		return;
	if (cache->local && segment_data(cache->segment))
		cache_count_up_all(cache);
	shmb_segment_detach(cache->segment);
	free(cache->local);
	free(cache);
}

void shmb_cache_info(const struct shmb_cache *cache, struct shmb_cache_facts *ret_info)
{
	const struct cache_shape *shape = &cache->view.shape;

	*ret_info = (struct shmb_cache_facts){
		.size = shape->size,
		.index_size =
			(uint64_t)shape->n_shards * shape->n_buckets * sizeof(struct cache_bucket),
		.value_size = cache->view.value_most,
		.shards = shape->n_shards,
		.writes = cache->member != NULL,
	};
	shmb_segment_info(cache->segment, &ret_info->segment);
}
