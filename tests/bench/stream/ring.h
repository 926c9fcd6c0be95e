/*
 * What the limits are made of: a ring of cells of one size, and each side's view of it. Each side
 * remembers where the other one was, and looks again when that is not enough.
 */
#ifndef BENCH_STREAM_RING_H
#define BENCH_STREAM_RING_H

#include <stdatomic.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/payload.h"
#include "stream/transport.h"

#define RING_SIZE ((size_t)1 << 20)

struct ring {
	_Alignas(128) _Atomic uint64_t head;
	_Alignas(128) _Atomic uint64_t tail;
	_Alignas(128) uint64_t n;
	size_t stride;
	_Alignas(128) unsigned char cells[];
};

/* Of one process. */
struct ring_side {
	struct ring *ring;
	uint64_t at;   /* the next cell */
	uint64_t seen; /* where the other side was */
};

static inline size_t ring_room(void)
{
	return sizeof(struct ring) + RING_SIZE * 2;
}

static inline void ring_init(struct ring *ring, size_t stride)
{
	ring->stride = stride;
	ring->n = 1;
	while (ring->n * 2 * stride <= RING_SIZE || ring->n < 8)
		ring->n *= 2;
}

static inline unsigned char *ring_cell(struct ring *ring, uint64_t i)
{
	return ring->cells + (i & (ring->n - 1)) * ring->stride;
}

/* The number of the record that is in a cell, where it stands in the band. */
static inline _Atomic uint64_t *ring_mark(unsigned char *cell)
{
	return (_Atomic uint64_t *)(void *)cell;
}

static inline struct ring_side *ring_open(struct ring *ring)
{
	struct ring_side *side = calloc(1, sizeof(*side));

	if (!side)
		bench_fail("no memory");
	side->ring = ring;
	return side;
}

/* Whether a producer has room for one more; it looks where the consumer is if not. */
static attr_inlined bool ring_has_room(struct ring_side *side)
{
	if (side->at - side->seen < side->ring->n)
		return true;
	side->seen = atomic_load_explicit(&side->ring->tail, memory_order_acquire);
	return side->at - side->seen < side->ring->n;
}

/* Whether there is something to take; it looks where the producer is if not. */
static attr_inlined bool ring_has_more(struct ring_side *side)
{
	if (side->at != side->seen)
		return true;
	side->seen = atomic_load_explicit(&side->ring->head, memory_order_acquire);
	return side->at != side->seen;
}

/* N records with the index published for each batch. */
static attr_inlined void ring_send_index(struct ring_side *side, struct cargo *cargo, uint64_t n,
					 bool pauses)
{
	struct ring *ring = side->ring;

	for (uint64_t end = side->at + n; side->at < end;) {
		if (!ring_has_room(side)) {
			cargo_idle(cargo, pauses);
			continue;
		}
		cargo_fill(cargo, cargo->bytes);
		payload_write(ring_cell(ring, side->at), cargo->bytes, cargo->size);
		side->at++;
		if (side->at % cargo->batch == 0)
			atomic_store_explicit(&ring->head, side->at, memory_order_release);
	}
}

/* The same with the number of the record in its cell, where a consumer looks for it. */
static attr_inlined void ring_send_band(struct ring_side *side, struct cargo *cargo, uint64_t n,
					bool pauses)
{
	for (uint64_t end = side->at + n; side->at < end;) {
		unsigned char *at = ring_cell(side->ring, side->at);

		if (!ring_has_room(side)) {
			cargo_idle(cargo, pauses);
			continue;
		}
		cargo_fill(cargo, cargo->bytes);
		payload_write(at + sizeof(uint64_t), cargo->bytes, cargo->size);
		atomic_store_explicit(ring_mark(at), ++side->at, memory_order_release);
	}
}

/* One record out of a cell. */
static attr_inlined void ring_take_bytes(struct ring_side *side, struct cargo *cargo,
					 const unsigned char *bytes)
{
	payload_read(cargo->bytes, bytes, cargo->size);
	cargo_check(cargo, cargo->bytes);
	side->at++;
}

static attr_inlined bool ring_has_mark(const struct ring_side *side, unsigned char *at)
{
	return atomic_load_explicit(ring_mark(at), memory_order_acquire) == side->at + 1;
}

#endif
