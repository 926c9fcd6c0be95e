#include "cache_memory.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "support/cache_audit.h"

#define MEMBERS 1024

void cache_memory_start(struct cache_memory *memory, uint64_t size, uint32_t shards,
			uint32_t entry_size)
{
	struct cache_shape shape = {.size = size, .n_shards = shards, .seed = 4711};
	uint8_t instance[LAYOUT_INSTANCE_SIZE] = {0};
	const char *fault;

	cache_plan_index(&shape, entry_size);
	twin_memory_start(&memory->twin, size);
	fake_roster_start(&memory->roster, MEMBERS);
	ck_assert_int_eq(cache_format(memory->twin.writable, size, &shape, instance), 0);
	ck_assert_int_eq(cache_attach(memory->twin.writable, size, &memory->view, instance, &fault),
			 0);
}

void cache_memory_stop(struct cache_memory *memory)
{
	twin_memory_stop(&memory->twin);
	fake_roster_stop(&memory->roster);
}

static struct shmb_cache *handle(struct cache_memory *memory, const void *data)
{
	uint8_t instance[LAYOUT_INSTANCE_SIZE];
	struct shmb_cache *cache = calloc(1, sizeof(*cache) + sizeof("test"));
	const char *fault;

	ck_assert_ptr_nonnull(cache);
	memcpy(cache->name, "test", sizeof("test"));
	cache->segment = twin_memory_segment(&memory->twin, data);
	ck_assert_int_eq(cache_attach((void *)(uintptr_t)data, memory->twin.size, &cache->view,
				      instance, &fault),
			 0);
	cache->local = cache_local_new(cache->view.shape.n_shards);
	ck_assert_ptr_nonnull(cache->local);
	return cache;
}

struct shmb_cache *cache_memory_look(struct cache_memory *memory)
{
	return handle(memory, memory->twin.locked);
}

struct shmb_cache *cache_memory_join(struct cache_memory *memory)
{
	struct shmb_cache *cache = handle(memory, memory->twin.writable);

	cache->member = malloc(sizeof(*cache->member));
	ck_assert_ptr_nonnull(cache->member);
	*cache->member = fake_member_new(&memory->roster);
	return cache;
}

void cache_memory_close(struct shmb_cache *cache)
{
	free(cache->member);
	free(cache->segment);
	free(cache->local);
	free(cache);
}

void cache_memory_bury(struct cache_memory *memory, const struct shmb_cache *cache)
{
	fake_roster_bury(&memory->roster, atomic_load(&cache->member->id));
}

void cache_memory_check(const struct cache_memory *memory)
{
	const char *wrong = cache_audit(&memory->view);

	if (wrong)
		ck_abort_msg("%s", wrong);
}

void cache_memory_pass(struct shmb_cache *cache, uint64_t ms)
{
	cache->local->clock.namespace_ns -= (int64_t)ms * 1000000;
	/* It is looked at again at once. */
	atomic_store(&cache->local->clock.checked_ms, 0);
}
