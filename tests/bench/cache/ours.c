/*
 * A cache of shmbroker's that has room for all keys, each with a time to live. What all processes
 * begin with is its name; each has a connection of its own, and two handles, of which one can only
 * read.
 */
#include "cache/ours.h"

#include <stdlib.h>

#include "cache/design.h"

#define ENTRY_MORE 64u /* bytes of room for an entry beyond key and value */

struct named {
	char name[32];
	const struct server *broker;
	uint64_t size;
	uint32_t entry_size;
};

struct ours {
	struct shmb_cache *cache;
	struct shmb_cache *read_only;
	struct shmb_cache_query queries[TRAFFIC_CROWD];
};

static void *prepare(const struct traffic *traffic, const struct server *broker,
		     int core attr_unused)
{
	struct named *named = calloc(1, sizeof(*named));

	if (!named)
		bench_fail("no memory");
	ours_name(named->name);
	named->broker = broker;
	named->entry_size = (uint32_t)(TRAFFIC_KEY + traffic->size);
	named->size =
		traffic->n_keys * (uint64_t)(named->entry_size + ENTRY_MORE) + SHMB_CACHE_SIZE_MIN;
	return named;
}

static void *open_cache(void *prepared, const struct traffic *traffic)
{
	const struct named *named = prepared;
	struct shmb_connection *connection = ours_connect(named->broker);
	struct ours *ours = calloc(1, sizeof(*ours));

	if (!ours)
		bench_fail("no memory");
	ours->cache = ours_open(connection, named->name, named->size, named->entry_size);
	ours->read_only = ours_open_read_only(connection, named->name);
	ours_ask(ours->queries, TRAFFIC_CROWD, traffic->values, traffic->stride, traffic->size);
	return ours;
}

static bool get_from(const struct shmb_cache *cache, const char *key, void *value, size_t size,
		     struct shmb_cache_entry *ret_entry)
{
	int r = shmb_cache_get(cache, key, TRAFFIC_KEY, value, size, ret_entry);

	if (r < 0)
		ours_give_up("getting");
	return r == 0;
}

static bool get(void *ours, const char *key, void *value, size_t size)
{
	return get_from(((struct ours *)ours)->cache, key, value, size, NULL);
}

static bool get_read_only(void *ours, const char *key, void *value, size_t size)
{
	return get_from(((struct ours *)ours)->read_only, key, value, size, NULL);
}

static bool get_described(void *ours, const char *key, void *value, size_t size)
{
	struct shmb_cache_entry entry;

	return get_from(((struct ours *)ours)->cache, key, value, size, &entry) &&
	       entry.size == size;
}

static void set(void *ours, const char *key, const void *value, size_t size)
{
	if (shmb_cache_set(((struct ours *)ours)->cache, key, TRAFFIC_KEY, value, size, &ours_terms,
			   SHMB_NO_DEADLINE, NULL) < 0)
		ours_give_up("setting");
}

static uint32_t get_many(void *opened, const struct draw *draws,
			 const struct traffic *traffic attr_unused)
{
	struct ours *ours = opened;
	uint32_t found = 0;

	for (unsigned i = 0; i < TRAFFIC_CROWD; i++)
		ours->queries[i].key = draws[i].key;
	if (shmb_cache_get_many(ours->cache, ours->queries, TRAFFIC_CROWD) < 0)
		ours_give_up("getting many");
	for (unsigned i = 0; i < TRAFFIC_CROWD; i++)
		found |= (uint32_t)(ours->queries[i].result == 0) << i;
	return found;
}

static void load(void *ours, struct traffic *traffic)
{
	design_load(ours, traffic, set);
}

static void touch(void *ours, struct traffic *traffic)
{
	design_touch(ours, traffic, get);
	design_touch(ours, traffic, get_read_only);
}

static void run(void *ours, struct traffic *traffic, uint64_t n)
{
	design_run(ours, traffic, n, get, set);
}

static void run_chained(void *ours, struct traffic *traffic, uint64_t n)
{
	design_run_chained(ours, traffic, n, get);
}

static void run_many(void *ours, struct traffic *traffic, uint64_t n)
{
	design_run_many(ours, traffic, n, get_many);
}

void ours_run_read_only(void *ours, struct traffic *traffic, uint64_t n)
{
	design_run(ours, traffic, n, get_read_only, set);
}

void ours_run_described(void *ours, struct traffic *traffic, uint64_t n)
{
	design_run(ours, traffic, n, get_described, set);
}

const struct design design_ours = {
	.name = "ours",
	.prepare = prepare,
	.open = open_cache,
	.load = load,
	.touch = touch,
	.dispose = free,
	.run = run,
	.run_many = run_many,
	.run_chained = run_chained,
};
