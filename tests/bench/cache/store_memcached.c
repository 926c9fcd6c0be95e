/*
 * memcached, whose sets are not waited for: what comes next on a connection is done next.
 */
#include <stdlib.h>

#include "base/attr.h"
#include "cache/memcached.h"
#include "cache/store.h"

struct started {
	struct server server;
	struct memcached *connection;
	unsigned char *values;
};

static void *start(const struct server *broker attr_unused, uint64_t size,
		   uint32_t entry_size attr_unused, int core)
{
	struct started *started = calloc(1, sizeof(*started));

	if (!started || !(started->values = malloc(TRAFFIC_CROWD * STORE_VALUE)))
		bench_fail("no memory");
	memcached_start(&started->server, (unsigned)(size >> 20), core);
	started->connection = memcached_connect(&started->server);
	return started;
}

static void end(void *data)
{
	struct started *started = data;

	memcached_close(started->connection);
	server_end(&started->server);
	free(started->values);
	free(started);
}

static uint32_t get(void *data, const struct item *items, unsigned n)
{
	struct started *started = data;
	uint32_t sizes[TRAFFIC_CROWD] = {0}, found;

	for (unsigned i = 0; i < n; i++)
		sizes[i] = items[i].size;
	found = memcached_get(started->connection, items->key, sizeof(*items), n, started->values,
			      STORE_VALUE, sizes);
	for (unsigned i = 0; i < n; i++)
		if (found & UINT32_C(1) << i)
			store_check(&items[i], started->values + i * STORE_VALUE);
	return found;
}

static void set(void *data, const struct item *item, uint32_t ttl_ms)
{
	struct started *started = data;

	memcached_set_later(started->connection, item->key, store_value(item), item->size,
			    (ttl_ms + 999) / 1000);
}

static void remove_item(void *data, const struct item *item)
{
	struct started *started = data;

	memcached_delete_later(started->connection, item->key);
}

static void count(void *data, struct store_count *ret_count)
{
	struct started *started = data;

	*ret_count = (struct store_count){
		.entries = memcached_count(started->connection, "curr_items"),
		.bytes = memcached_count(started->connection, "bytes"),
		.size = memcached_count(started->connection, "limit_maxbytes"),
		.resident = (uint64_t)server_proc_field(&started->server, "smaps_rollup", "Rss:")
			    << 10,
	};
}

const struct store store_memcached = {
	.name = "memcached",
	.start = start,
	.end = end,
	.get = get,
	.set = set,
	.remove = remove_item,
	.count = count,
};
