/*
 * Ours; and with a reader whose memory is mapped read-only, so that nothing is marked as got.
 */
#include <stdlib.h>

#include "base/attr.h"
#include "cache/ours.h"
#include "cache/store.h"

#define HEADER 24u /* of an entry: it is counted as in use */

struct started {
	struct shmb_connection *connection;
	struct shmb_cache *cache;
	struct shmb_cache *reader;
	struct shmb_cache_query queries[TRAFFIC_CROWD];
	unsigned char *values;
};

static struct started *begin(const struct server *broker, uint64_t size, uint32_t entry_size,
			     bool marks)
{
	struct started *started = calloc(1, sizeof(*started));
	char name[32];

	if (!started || !(started->values = malloc(TRAFFIC_CROWD * STORE_VALUE)))
		bench_fail("no memory");
	ours_name(name);
	started->connection = ours_connect(broker);
	started->cache = ours_open(started->connection, name, size, entry_size);
	started->reader = marks ? started->cache : ours_open_read_only(started->connection, name);
	ours_ask(started->queries, TRAFFIC_CROWD, started->values, STORE_VALUE, STORE_VALUE);
	return started;
}

static void *start(const struct server *broker, uint64_t size, uint32_t entry_size,
		   int core attr_unused)
{
	return begin(broker, size, entry_size, true);
}

static void *start_unmarked(const struct server *broker, uint64_t size, uint32_t entry_size,
			    int core attr_unused)
{
	return begin(broker, size, entry_size, false);
}

static void end(void *data)
{
	struct started *started = data;

	if (started->reader != started->cache)
		shmb_cache_close(started->reader);
	shmb_cache_close(started->cache);
	shmb_disconnect(started->connection);
	free(started->values);
	free(started);
}

static uint32_t get(void *data, const struct item *items, unsigned n)
{
	struct started *started = data;
	uint32_t found = 0;

	for (unsigned i = 0; i < n; i++)
		started->queries[i].key = items[i].key;
	if (shmb_cache_get_many(started->reader, started->queries, n) < 0)
		ours_give_up("getting many");
	for (unsigned i = 0; i < n; i++) {
		const struct shmb_cache_query *query = &started->queries[i];

		if (query->result < 0)
			ours_give_up("getting many");
		if (query->result != 0)
			continue;
		if (query->entry.size != items[i].size)
			bench_fail("a value has another size than was set");
		store_check(&items[i], query->buffer);
		found |= UINT32_C(1) << i;
	}
	return found;
}

static void set(void *data, const struct item *item, uint32_t ttl_ms)
{
	const struct shmb_cache_terms terms = {.ttl_ms = ttl_ms};
	struct started *started = data;

	if (shmb_cache_set(started->cache, item->key, TRAFFIC_KEY, store_value(item), item->size,
			   &terms, SHMB_NO_DEADLINE, NULL) < 0)
		ours_give_up("setting");
}

static void remove_item(void *data, const struct item *item)
{
	struct started *started = data;

	if (shmb_cache_delete(started->cache, item->key, TRAFFIC_KEY, SHMB_NO_DEADLINE) < 0)
		ours_give_up("deleting");
}

/* What can be got: by a walk, since what is past its time is still in the tallies. */
static uint64_t live_bytes(const struct shmb_cache *cache)
{
	char key[SHMB_CACHE_KEY_MAX];
	struct shmb_cache_entry entry;
	uint64_t cursor = 0, bytes = 0;
	size_t key_size;
	int r;

	while ((r = shmb_cache_next(cache, &cursor, key, &key_size, &entry)) == 0)
		bytes += HEADER + key_size + entry.size;
	if (r < 0)
		ours_give_up("walking");
	return bytes;
}

static void count(void *data, struct store_count *ret_count)
{
	struct started *started = data;
	struct shmb_cache_stats stats;
	struct shmb_cache_facts facts;

	if (shmb_cache_stats(started->cache, false, &stats) < 0)
		ours_give_up("counting");
	shmb_cache_info(started->cache, &facts);
	*ret_count = (struct store_count){
		.entries = stats.entries,
		.bytes = stats.bytes + HEADER * stats.entries,
		.size = facts.size,
		.live = live_bytes(started->cache),
		.waste = stats.waste,
		.index = facts.index_size,
	};
}

const struct store store_ours = {
	.name = "ours",
	.start = start,
	.end = end,
	.get = get,
	.set = set,
	.remove = remove_item,
	.count = count,
};

const struct store store_ours_unmarked = {
	.name = "ours, got read-only",
	.start = start_unmarked,
	.end = end,
	.get = get,
	.set = set,
	.remove = remove_item,
	.count = count,
};
