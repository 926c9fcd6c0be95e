/*
 * memcached: one request after the other, or one for a crowd of keys.
 */
#include <stdlib.h>

#include "cache/design.h"
#include "cache/memcached.h"

#define ENTRY_MORE 200u /* bytes of room for an entry beyond key and value: it must not forget */
#define MIB_LEAST  64u

struct opened {
	struct memcached *connection;
	uint32_t sizes[TRAFFIC_CROWD];
};

static void *prepare(const struct traffic *traffic, const struct server *broker attr_unused,
		     int core)
{
	struct server *server = calloc(1, sizeof(*server));
	size_t bytes = traffic->n_keys * (traffic->size + ENTRY_MORE);

	if (!server)
		bench_fail("no memory");
	memcached_start(server, MIB_LEAST + (unsigned)(bytes * 3 / 2 >> 20), core);
	return server;
}

static void dispose(void *prepared)
{
	server_end(prepared);
	free(prepared);
}

static void *open_connection(void *prepared, const struct traffic *traffic)
{
	struct opened *opened = malloc(sizeof(*opened));

	if (!opened)
		bench_fail("no memory");
	opened->connection = memcached_connect(prepared);
	for (unsigned i = 0; i < TRAFFIC_CROWD; i++)
		opened->sizes[i] = (uint32_t)traffic->size;
	return opened;
}

static bool get(void *opened, const char *key, void *value, size_t size attr_unused)
{
	struct opened *this = opened;

	return memcached_get(this->connection, key, 0, 1, value, 0, this->sizes) != 0;
}

static uint32_t get_many(void *opened, const struct draw *draws, const struct traffic *traffic)
{
	struct opened *this = opened;

	return memcached_get(this->connection, draws->key, sizeof(*draws), TRAFFIC_CROWD,
			     traffic->values, traffic->stride, this->sizes);
}

static void set(void *opened, const char *key, const void *value, size_t size)
{
	memcached_set(((struct opened *)opened)->connection, key, value, (uint32_t)size, 0);
}

static void set_later(void *opened, const char *key, const void *value, size_t size)
{
	memcached_set_later(((struct opened *)opened)->connection, key, value, (uint32_t)size, 0);
}

static void load(void *opened, struct traffic *traffic)
{
	struct opened *this = opened;

	design_load(opened, traffic, set_later);
	if (memcached_count(this->connection, "curr_items") != traffic->n_keys)
		bench_fail("memcached has not all keys that were set");
}

static void run(void *opened, struct traffic *traffic, uint64_t n)
{
	design_run(opened, traffic, n, get, set);
}

static void run_many(void *opened, struct traffic *traffic, uint64_t n)
{
	design_run_many(opened, traffic, n, get_many);
}

const struct design design_memcached = {
	.name = "memcached",
	.prepare = prepare,
	.open = open_connection,
	.load = load,
	.dispose = dispose,
	.run = run,
	.run_many = run_many,
};
