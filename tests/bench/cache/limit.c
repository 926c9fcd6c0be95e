/*
 * The limit: a table of fixed cells that does nothing else. A cell has a sequence, which is odd
 * while it is written, the key and the value; keys that meet go on to the next cell. There is no
 * eviction, no time to live, one size, nothing survives a death, and nobody is expected to mean
 * harm.
 *
 *   a get takes no lock: what it has copied counts when the sequence is what it was before
 *   a set takes the cell by its sequence
 *
 * Half of the cells are empty, so that a key is found in one and a half cells on the average.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "base/fence.h"
#include "cache/design.h"
#include "cache/limit_key.h"

#define LINE  64u
#define LINES 4u /* of a cell, that are asked for beforehand: more did not help */

struct cell {
	_Atomic uint64_t sequence; /* 0: empty */
	uint64_t key[2];
	unsigned char value[];
};

struct limit {
	unsigned char *cells;
	size_t bytes;
	size_t stride;
	uint64_t mask;
};

static attr_inlined struct cell *cell_at(const struct limit *limit, uint64_t number)
{
	return (struct cell *)(limit->cells + (number & limit->mask) * limit->stride);
}

static void *prepare(const struct traffic *traffic, const struct server *broker attr_unused,
		     int core attr_unused)
{
	struct limit *limit = calloc(1, sizeof(*limit));
	uint64_t cells = 1;

	if (!limit)
		bench_fail("no memory");
	while (cells < 2 * (uint64_t)traffic->n_keys)
		cells *= 2;
	limit->mask = cells - 1;
	limit->stride = (sizeof(struct cell) + traffic->size + LINE - 1) / LINE * LINE;
	limit->bytes = cells * limit->stride;
	limit->cells = design_share(limit->bytes);
	return limit;
}

static void dispose(void *prepared)
{
	struct limit *limit = prepared;

	design_unshare(limit->cells, limit->bytes);
	free(limit);
}

static attr_inlined bool get_at(const struct limit *limit, uint64_t place, const uint64_t key[2],
				void *value, size_t size)
{
	for (;;) {
		struct cell *cell = cell_at(limit, place);
		/* Pairs with the release when it was written. */
		uint64_t sequence = atomic_load_explicit(&cell->sequence, memory_order_acquire);

		if (sequence == 0)
			return false;
		if (sequence % 2 == 1)
			continue;
		if (!limit_is_key(cell->key, key)) {
			place++;
			continue;
		}
		memcpy(value, cell->value, size);
		fence_acquire();
		if (atomic_load_explicit(&cell->sequence, memory_order_relaxed) == sequence)
			return true;
	}
}

static attr_inlined bool get(void *limit, const char *bytes, void *value, size_t size)
{
	uint64_t key[2];

	memcpy(key, bytes, sizeof(key));
	return get_at(limit, limit_hash(key), key, value, size);
}

static attr_inlined void set(void *limit, const char *bytes, const void *value, size_t size)
{
	uint64_t key[2], place;

	memcpy(key, bytes, sizeof(key));
	place = limit_hash(key);
	for (;;) {
		struct cell *cell = cell_at(limit, place);
		uint64_t sequence = atomic_load_explicit(&cell->sequence, memory_order_acquire);

		if (sequence % 2 == 1)
			continue;
		if (sequence != 0 && !limit_is_key(cell->key, key)) {
			place++;
			continue;
		}
		if (!atomic_compare_exchange_weak_explicit(&cell->sequence, &sequence, sequence + 1,
							   memory_order_acquire,
							   memory_order_relaxed))
			continue;
		fence_release();
		memcpy(cell->key, key, sizeof(key));
		memcpy(cell->value, value, size);
		atomic_store_explicit(&cell->sequence, sequence + 2, memory_order_release);
		return;
	}
}

static attr_inlined uint32_t get_many(void *opened, const struct draw *draws,
				      const struct traffic *traffic)
{
	const struct limit *limit = opened;
	uint64_t keys[TRAFFIC_CROWD][2], places[TRAFFIC_CROWD];
	uint32_t found = 0;

	for (unsigned i = 0; i < TRAFFIC_CROWD; i++) {
		const char *cell;

		memcpy(keys[i], draws[i].key, sizeof(keys[i]));
		places[i] = limit_hash(keys[i]);
		cell = (const char *)cell_at(limit, places[i]);
		for (size_t at = 0; at < limit->stride && at < (size_t)LINES * LINE; at += LINE)
			__builtin_prefetch(cell + at);
	}
	for (unsigned i = 0; i < TRAFFIC_CROWD; i++)
		found |= (uint32_t)get_at(limit, places[i], keys[i],
					  traffic->values + i * traffic->stride, traffic->size)
			 << i;
	return found;
}

static void load(void *limit, struct traffic *traffic)
{
	design_load(limit, traffic, set);
}

static void touch(void *limit, struct traffic *traffic)
{
	design_touch(limit, traffic, get);
}

static void run(void *limit, struct traffic *traffic, uint64_t n)
{
	design_run(limit, traffic, n, get, set);
}

static void run_chained(void *limit, struct traffic *traffic, uint64_t n)
{
	design_run_chained(limit, traffic, n, get);
}

static void run_many(void *limit, struct traffic *traffic, uint64_t n)
{
	design_run_many(limit, traffic, n, get_many);
}

const struct design design_limit = {
	.name = "limit",
	.prepare = prepare,
	.load = load,
	.touch = touch,
	.dispose = dispose,
	.run = run,
	.run_many = run_many,
	.run_chained = run_chained,
};
