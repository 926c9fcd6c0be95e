/*
 * unordered_map in shared memory of boost.interprocess (package libboost-dev), with one mutex.
 */
#include <stdio.h>
#include <unistd.h>

#include "cache/boost_map.h"
#include "cache/design.h"

static void *prepare(const struct traffic *traffic, const struct server *broker attr_unused,
		     int core attr_unused)
{
	static unsigned n;
	char name[64];
	void *map;

	snprintf(name, sizeof(name), "shmbroker-bench-%d-%u", (int)getpid(), n++);
	map = boost_map_make(name, traffic->n_keys, traffic->size);
	if (!map)
		bench_fail("boost: no map of %u keys", (unsigned)traffic->n_keys);
	return map;
}

static bool get(void *map, const char *key, void *value, size_t size)
{
	return boost_map_get(map, key, value, size);
}

static void set(void *map, const char *key, const void *value, size_t size)
{
	if (!boost_map_set(map, key, value, size))
		bench_fail("boost: a value cannot be set");
}

static void load(void *map, struct traffic *traffic)
{
	design_load(map, traffic, set);
}

static void touch(void *map, struct traffic *traffic)
{
	design_touch(map, traffic, get);
}

static void run(void *map, struct traffic *traffic, uint64_t n)
{
	design_run(map, traffic, n, get, set);
}

const struct design design_boost = {
	.name = "boost unordered_map, one mutex",
	.prepare = prepare,
	.load = load,
	.touch = touch,
	.dispose = boost_map_end,
	.run = run,
};
