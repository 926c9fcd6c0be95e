/*
 * Caches that are given a fixed size and more than they have room for: what they keep is measured
 * here, and not their speed.
 */
#ifndef BENCH_CACHE_STORE_H
#define BENCH_CACHE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "cache/traffic.h"
#include "support/server.h"

struct item {
	char key[TRAFFIC_KEY];
	uint32_t number;
	uint32_t size; /* of the value, at least two marks and at most STORE_VALUE */
};

#define STORE_VALUE ((size_t)256 << 10)

/* What is in it, as it says itself. */
struct store_count {
	uint64_t entries;
	uint64_t bytes; /* of what it counts as in use, out of */
	uint64_t size;  /* all */
	/* What else it says, or nothing: */
	uint64_t live;     /* bytes of what is not past its time */
	uint64_t waste;    /* that has been deleted or replaced */
	uint64_t index;    /* that find the rest */
	uint64_t resident; /* that its process has */
};

struct store {
	const char *name;
	/* SIZE bytes, a multiple of 1 MiB, of values that have ENTRY_SIZE with their keys on the
	 * average. A server runs on CORE. */
	void *(*start)(const struct server *broker, uint64_t size, uint32_t entry_size, int core);
	void (*end)(void *started);
	/* Get at most TRAFFIC_CROWD keys and look at their values: a bit for each that is there. */
	uint32_t (*get)(void *started, const struct item *items, unsigned n);
	void (*set)(void *started, const struct item *item, uint32_t ttl_ms);
	void (*remove)(void *started, const struct item *item);
	/* Wait until all that was asked for is done, and count. */
	void (*count)(void *started, struct store_count *ret_count);
};

extern const struct store store_ours, store_ours_unmarked, store_memcached, store_redis;

/* A value for ITEM, good until the next one. */
const unsigned char *store_value(const struct item *item);
void store_check(const struct item *item, const unsigned char *value);

static inline void item_init(struct item *item, uint32_t number, uint32_t size)
{
	item->number = number;
	item->size = size;
	traffic_key(number, item->key);
}

#endif
