/*
 * What an entry takes beyond its key and its value: caches of a fixed size are given more than they
 * have room for, and what they have then is counted.
 */
#include <stdio.h>

#include "cache/scene.h"
#include "cache/store.h"

#define VALUE  100u
#define TARGET 40 /* bytes */

static const unsigned sizes[] = {64, 256}; /* MiB */

static const struct store *const stores[] = {
	&store_ours,
#ifdef BENCH_MEMCACHED
	&store_memcached,
#endif
#ifdef BENCH_REDIS
	&store_redis,
#endif
};

static struct series measure(const struct scene *scene, const struct store *store, uint64_t size)
{
	const uint32_t entry_size = TRAFFIC_KEY + VALUE;
	void *started = store->start(&scene->broker, size, entry_size, scene->place->other);
	uint64_t n = size / entry_size * 3 / 2;
	struct store_count count;
	struct item item;
	double beyond;

	for (uint64_t number = 0; number < n; number++) {
		item_init(&item, (uint32_t)number, VALUE);
		store->set(started, &item, 0);
	}
	store->count(started, &count);
	store->end(started);
	if (count.entries == 0 || count.entries > n * 9 / 10)
		bench_fail("%s has forgotten nothing", store->name);
	beyond = (double)count.size / (double)count.entries - entry_size;
	return series_of(store->name, "B", &beyond, 1);
}

void part_memory(const struct scene *scene)
{
	for (size_t i = 0; i < bench_count(scene->bench, ARRAY_SIZE(sizes), 1); i++) {
		unsigned mib = bench_count(scene->bench, sizes[i], 8);
		struct series seen[ARRAY_SIZE(stores)];
		char row[96];

		for (size_t s = 0; s < ARRAY_SIZE(stores); s++)
			seen[s] = measure(scene, stores[s], (uint64_t)mib << 20);
		snprintf(row, sizeof(row), "%u MiB, beyond key and value of %u B", mib, VALUE);
		report_value(scene->report, row, "", &seen[0], TARGET);
		for (size_t s = 1; s < ARRAY_SIZE(stores); s++)
			scene_compare(scene, "", &seen[0], &seen[s], 0, "%u MiB, beyond: %s", mib,
				      stores[s]->name);
		scene_fini(seen, ARRAY_SIZE(stores));
	}
}
