/*
 * The limit of what has sizes of its own: as the limit, but a key leads to a slot of an index, and
 * that to a cell, which may be anywhere. So a get waits for memory twice, one time after the other,
 * which a table of fixed cells does not; and there is nothing else to it.
 *
 * Half of the slots are empty. A slot is the number of a cell and, in its low 24 bits, a tag; keys
 * that meet go on to the next slot.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "base/fence.h"
#include "cache/design.h"
#include "cache/limit_key.h"

#define LINE     64u
#define LINES    3u /* of a cell, that are asked for beforehand */
#define TAG_MASK UINT64_C(0xffffff)

struct cell {
	_Atomic uint64_t sequence;
	uint64_t key[2];
	unsigned char value[];
};

struct indexed {
	_Atomic uint64_t *slots;
	unsigned char *cells;
	_Atomic uint64_t *n_cells; /* that are in use; the first is nobody's */
	size_t slots_bytes, bytes;
	size_t stride;
	uint64_t mask;
};

static attr_inlined struct cell *cell_at(const struct indexed *indexed, uint64_t number)
{
	return (struct cell *)(indexed->cells + number * indexed->stride);
}

static void *prepare(const struct traffic *traffic, const struct server *broker attr_unused,
		     int core attr_unused)
{
	struct indexed *indexed = calloc(1, sizeof(*indexed));
	uint64_t slots = 1;

	if (!indexed)
		bench_fail("no memory");
	while (slots < 2 * (uint64_t)traffic->n_keys)
		slots *= 2;
	indexed->mask = slots - 1;
	indexed->slots_bytes = slots * sizeof(*indexed->slots);
	indexed->slots = design_share(indexed->slots_bytes);
	indexed->stride = (sizeof(struct cell) + traffic->size + 7) / 8 * 8;
	indexed->bytes = ((size_t)traffic->n_keys + 1) * indexed->stride + LINE;
	indexed->cells = design_share(indexed->bytes);
	indexed->n_cells = (_Atomic uint64_t *)indexed->cells;
	return indexed;
}

static void dispose(void *prepared)
{
	struct indexed *indexed = prepared;

	design_unshare(indexed->slots, indexed->slots_bytes);
	design_unshare(indexed->cells, indexed->bytes);
	free(indexed);
}

/* The cell of KEY, NULL when it has none. */
static attr_inlined struct cell *find(const struct indexed *indexed, uint64_t hash,
				      const uint64_t key[2])
{
	for (uint64_t at = hash;; at++) {
		/* Pairs with the release when it was made to lead there. */
		uint64_t slot = atomic_load_explicit(&indexed->slots[at & indexed->mask],
						     memory_order_acquire);
		struct cell *cell;

		if (slot == 0)
			return NULL;
		if ((slot & TAG_MASK) != hash >> 40)
			continue;
		cell = cell_at(indexed, slot >> 24);
		if (limit_is_key(cell->key, key))
			return cell;
	}
}

static attr_inlined bool get_by(const struct indexed *indexed, uint64_t hash, const uint64_t key[2],
				void *value, size_t size)
{
	struct cell *cell = find(indexed, hash, key);

	for (;;) {
		uint64_t sequence;

		if (!cell)
			return false;
		/* Pairs with the release when it was written. */
		sequence = atomic_load_explicit(&cell->sequence, memory_order_acquire);
		memcpy(value, cell->value, size);
		fence_acquire();
		if (sequence % 2 == 0 &&
		    atomic_load_explicit(&cell->sequence, memory_order_relaxed) == sequence)
			return true;
	}
}

static attr_inlined bool get(void *indexed, const char *bytes, void *value, size_t size)
{
	uint64_t key[2];

	memcpy(key, bytes, sizeof(key));
	return get_by(indexed, limit_hash(key), key, value, size);
}

/* Keys are new only while one process loads them. */
static struct cell *add(struct indexed *indexed, uint64_t hash, const uint64_t key[2])
{
	uint64_t number = atomic_fetch_add(indexed->n_cells, 1) + 1, at = hash;
	struct cell *cell = cell_at(indexed, number);

	memcpy(cell->key, key, sizeof(cell->key));
	while (atomic_load(&indexed->slots[at & indexed->mask]) != 0)
		at++;
	atomic_store(&indexed->slots[at & indexed->mask], number << 24 | hash >> 40);
	return cell;
}

static attr_inlined void set(void *opened, const char *bytes, const void *value, size_t size)
{
	struct indexed *indexed = opened;
	uint64_t key[2], hash, sequence;
	struct cell *cell;

	memcpy(key, bytes, sizeof(key));
	hash = limit_hash(key);
	cell = find(indexed, hash, key);
	if (!cell)
		cell = add(indexed, hash, key);
	do
		sequence =
			atomic_load_explicit(&cell->sequence, memory_order_relaxed) & ~UINT64_C(1);
	while (!atomic_compare_exchange_weak_explicit(&cell->sequence, &sequence, sequence + 1,
						      memory_order_acquire, memory_order_relaxed));
	fence_release();
	memcpy(cell->value, value, size);
	atomic_store_explicit(&cell->sequence, sequence + 2, memory_order_release);
}

static attr_inlined uint32_t get_many(void *opened, const struct draw *draws,
				      const struct traffic *traffic)
{
	const struct indexed *indexed = opened;
	uint64_t keys[TRAFFIC_CROWD][2], hashes[TRAFFIC_CROWD];
	uint32_t found = 0;

	for (unsigned i = 0; i < TRAFFIC_CROWD; i++) {
		memcpy(keys[i], draws[i].key, sizeof(keys[i]));
		hashes[i] = limit_hash(keys[i]);
		__builtin_prefetch((const void *)&indexed->slots[hashes[i] & indexed->mask]);
	}
	for (unsigned i = 0; i < TRAFFIC_CROWD; i++) {
		uint64_t slot = atomic_load_explicit(&indexed->slots[hashes[i] & indexed->mask],
						     memory_order_relaxed);
		const char *cell = (const char *)cell_at(indexed, slot >> 24);

		for (unsigned line = 0; line < LINES; line++)
			__builtin_prefetch(cell + (size_t)line * LINE);
	}
	for (unsigned i = 0; i < TRAFFIC_CROWD; i++)
		found |= (uint32_t)get_by(indexed, hashes[i], keys[i],
					  traffic->values + i * traffic->stride, traffic->size)
			 << i;
	return found;
}

static void load(void *indexed, struct traffic *traffic)
{
	design_load(indexed, traffic, set);
}

static void touch(void *indexed, struct traffic *traffic)
{
	design_touch(indexed, traffic, get);
}

static void run(void *indexed, struct traffic *traffic, uint64_t n)
{
	design_run(indexed, traffic, n, get, set);
}

static void run_chained(void *indexed, struct traffic *traffic, uint64_t n)
{
	design_run_chained(indexed, traffic, n, get);
}

static void run_many(void *indexed, struct traffic *traffic, uint64_t n)
{
	design_run_many(indexed, traffic, n, get_many);
}

const struct design design_indexed = {
	.name = "limit with an index",
	.prepare = prepare,
	.load = load,
	.touch = touch,
	.dispose = dispose,
	.run = run,
	.run_many = run_many,
	.run_chained = run_chained,
};
