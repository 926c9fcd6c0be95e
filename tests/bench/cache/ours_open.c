/*
 * Opening, by those who measure speed and by those who fill it. Names are never used twice, since
 * some caches of a former measurement may still be there.
 */
#include "cache/ours.h"

#include <stdio.h>

void ours_give_up(const char *what)
{
	bench_fail("%s: %s", what, shmb_last_error());
}

struct shmb_connection *ours_connect(const struct server *broker)
{
	const struct shmb_connect_options options = {.socket = broker->socket};
	struct shmb_connection *connection;

	if (shmb_connect(&options, &connection) < 0)
		ours_give_up("connecting");
	return connection;
}

void ours_name(char name[static 32])
{
	static unsigned n;

	snprintf(name, 32, "cache/%u", n++);
}

struct shmb_cache *ours_open(struct shmb_connection *connection, const char *name, uint64_t size,
			     uint32_t entry_size)
{
	const struct shmb_cache_options options = {.segment.flags = SHMB_CREATE | SHMB_HUGE,
						   .size = size,
						   .entry_size = entry_size};
	struct shmb_cache *cache;

	if (shmb_cache_open(connection, name, &options, &cache) < 0)
		ours_give_up(name);
	return cache;
}

struct shmb_cache *ours_open_read_only(struct shmb_connection *connection, const char *name)
{
	const struct shmb_cache_options options = {.segment.flags = SHMB_READ | SHMB_HUGE};
	struct shmb_cache *cache;

	if (shmb_cache_open(connection, name, &options, &cache) < 0)
		ours_give_up(name);
	return cache;
}

void ours_ask(struct shmb_cache_query *queries, unsigned n, unsigned char *values, size_t stride,
	      size_t room)
{
	for (unsigned i = 0; i < n; i++)
		queries[i] = (struct shmb_cache_query){.key_size = TRAFFIC_KEY,
						       .buffer = values + i * stride,
						       .room = room};
}
