#include "cache_memory.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "formats/cache_find.h"
#include "support/child.h"

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

/* What has been seen of a shard. */
struct audit {
	const struct cache_view *view;
	struct cache_shard *shard;
	uint64_t entries;
	uint64_t bytes;
};

static bool is_led_to(const struct audit *audit, uint32_t place, const struct cache_entry *entry)
{
	uint32_t key_size = cache_meta_key_size(atomic_load(&entry->meta));
	struct cache_key key;

	cache_locate(audit->view, entry->key, key_size, &key);
	if (key.shard != audit->shard)
		return false;
	for (unsigned i = 0; i < 2 * CACHE_BUCKET_SLOTS; i++) {
		uint64_t word = atomic_load(
			&key.buckets[i / CACHE_BUCKET_SLOTS]->slots[i % CACHE_BUCKET_SLOTS]);

		if (cache_slot_place(word) == place) {
			must(cache_slot_tag(word) == key.tag);
			must(!(word & CACHE_BUSY));
			return true;
		}
	}
	return false;
}

/* From unit BEGIN to END. Returns the units that hold nothing. */
static uint64_t audit_run(struct audit *audit, const struct cache_span *span, uint32_t begin,
			  uint32_t end)
{
	uint64_t waste = 0;

	while (begin < end) {
		struct cache_entry *entry = cache_entry(audit->shard, span->start + begin);
		uint64_t meta = atomic_load(&entry->meta);
		uint32_t units = cache_meta_units(meta);

		must(units > 0 && units <= end - begin);
		if (cache_meta_kind(meta) == CACHE_FREE) {
			waste += units;
		} else {
			must(cache_is_entry(audit->view, meta, end - begin));
			must(is_led_to(audit, span->start + begin, entry));
			must(atomic_load(&entry->version) != 0);
			must(atomic_load(&entry->version) <= atomic_load(&audit->shard->version));
			audit->entries++;
			audit->bytes += cache_meta_key_size(meta) + cache_meta_value_size(meta);
		}
		begin += units;
	}
	return waste;
}

static uint64_t count_leading(const struct audit *audit)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < audit->view->n_buckets; i++)
		for (unsigned j = 0; j < CACHE_BUCKET_SLOTS; j++)
			n += cache_slot_place(
				     atomic_load(&cache_bucket(audit->shard, i)->slots[j])) != 0;
	return n;
}

static void audit_shard(struct audit *audit)
{
	for (unsigned i = 0; i < CACHE_LOGS; i++) {
		const struct cache_span *span = &audit->view->logs[i];
		uint64_t gap = atomic_load(&audit->shard->logs[i].gap), waste;
		uint32_t begin = cache_gap_begin(gap), end = cache_gap_end(gap, span->units);

		must(begin <= end && end <= span->units);
		waste = audit_run(audit, span, 0, begin) + audit_run(audit, span, end, span->units);
		must(waste == atomic_load(&audit->shard->logs[i].waste));
	}
	must(audit->entries == count_leading(audit));
	must(audit->entries == atomic_load(&audit->shard->tallies.entries));
	must(audit->bytes == atomic_load(&audit->shard->tallies.bytes));
}

void cache_memory_check(const struct cache_memory *memory)
{
	for (uint32_t i = 0; i < memory->view.shape.n_shards; i++) {
		struct audit audit = {.view = &memory->view,
				      .shard = cache_shard(&memory->view, i)};

		audit_shard(&audit);
	}
}

void cache_memory_pass(struct shmb_cache *cache, uint64_t ms)
{
	cache->local->clock.namespace_ns -= (int64_t)ms * 1000000;
	/* It is looked at again at once. */
	atomic_store(&cache->local->clock.checked_ms, 0);
}
