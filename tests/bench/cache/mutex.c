/*
 * The same table as the limit's, in 4096 stripes, each with a robust mutex of POSIX threads around
 * all that is done in it. Keys that meet stay in their stripe.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "cache/design.h"

#define LINE    64u
#define STRIPES 4096u

struct cell {
	uint64_t is_used;
	uint64_t key[2];
	unsigned char value[];
};

struct stripe {
	_Alignas(LINE) pthread_mutex_t mutex;
};

struct table {
	struct stripe *stripes;
	unsigned char *cells;
	size_t bytes; /* of the cells */
	size_t stride;
	uint64_t mask; /* of the cells in a stripe */
};

static uint64_t hash_of(const uint64_t key[2])
{
	unsigned __int128 product = (unsigned __int128)(key[0] ^ UINT64_C(0x9e3779b97f4a7c15)) *
				    (key[1] ^ UINT64_C(0xd1b54a32d192ed03));

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static void init_mutexes(struct stripe *stripes)
{
	pthread_mutexattr_t attributes;

	if (pthread_mutexattr_init(&attributes) ||
	    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) ||
	    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST))
		bench_fail("no robust mutex");
	for (unsigned i = 0; i < STRIPES; i++)
		if (pthread_mutex_init(&stripes[i].mutex, &attributes))
			bench_fail("no robust mutex");
	(void)pthread_mutexattr_destroy(&attributes);
}

static void *prepare(const struct traffic *traffic, const struct server *broker attr_unused,
		     int core attr_unused)
{
	struct table *table = calloc(1, sizeof(*table));
	uint64_t cells = 16; /* in a stripe */

	if (!table)
		bench_fail("no memory");
	while (cells * STRIPES < 2 * (uint64_t)traffic->n_keys)
		cells *= 2;
	table->mask = cells - 1;
	table->stride = (sizeof(struct cell) + traffic->size + LINE - 1) / LINE * LINE;
	table->bytes = cells * STRIPES * table->stride;
	table->cells = design_share(table->bytes);
	table->stripes = design_share(STRIPES * sizeof(*table->stripes));
	init_mutexes(table->stripes);
	return table;
}

static void dispose(void *prepared)
{
	struct table *table = prepared;

	design_unshare(table->cells, table->bytes);
	design_unshare(table->stripes, STRIPES * sizeof(*table->stripes));
	free(table);
}

/* Where KEY is in its stripe, or an empty cell. */
static struct cell *find(const struct table *table, uint64_t hash, const uint64_t key[2])
{
	uint64_t first = hash % STRIPES * (table->mask + 1), at = hash / STRIPES;

	for (;; at++) {
		struct cell *cell = (struct cell *)(table->cells +
						    (first + (at & table->mask)) * table->stride);

		if (!cell->is_used || (cell->key[0] == key[0] && cell->key[1] == key[1]))
			return cell;
	}
}

static bool get(void *opened, const char *bytes, void *value, size_t size)
{
	struct table *table = opened;
	pthread_mutex_t *mutex;
	uint64_t key[2], hash;
	struct cell *cell;
	bool is_there;

	memcpy(key, bytes, sizeof(key));
	hash = hash_of(key);
	mutex = &table->stripes[hash % STRIPES].mutex;
	(void)pthread_mutex_lock(mutex);
	cell = find(table, hash, key);
	is_there = cell->is_used;
	if (is_there)
		memcpy(value, cell->value, size);
	(void)pthread_mutex_unlock(mutex);
	return is_there;
}

static void set(void *opened, const char *bytes, const void *value, size_t size)
{
	struct table *table = opened;
	pthread_mutex_t *mutex;
	uint64_t key[2], hash;
	struct cell *cell;

	memcpy(key, bytes, sizeof(key));
	hash = hash_of(key);
	mutex = &table->stripes[hash % STRIPES].mutex;
	(void)pthread_mutex_lock(mutex);
	cell = find(table, hash, key);
	memcpy(cell->key, key, sizeof(key));
	memcpy(cell->value, value, size);
	cell->is_used = 1;
	(void)pthread_mutex_unlock(mutex);
}

static void load(void *table, struct traffic *traffic)
{
	design_load(table, traffic, set);
}

static void touch(void *table, struct traffic *traffic)
{
	design_touch(table, traffic, get);
}

static void run(void *table, struct traffic *traffic, uint64_t n)
{
	design_run(table, traffic, n, get, set);
}

const struct design design_mutex = {
	.name = "robust mutexes, 4096 stripes",
	.prepare = prepare,
	.load = load,
	.touch = touch,
	.dispose = dispose,
	.run = run,
};
