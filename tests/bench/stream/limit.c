/*
 * The limit: rings of cells of one size, which do nothing else. With the index published for each
 * record, or each batch; or with the number of the record in its cell, where a consumer looks for
 * it. Nobody is thought of that may die, or be hostile; nobody can come later.
 */
#include <stdatomic.h>
#include <string.h>

#include "base/attr.h"
#include "base/pause.h"
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

static void *prepare_with(size_t stride)
{
	struct ring *ring = transport_share(sizeof(*ring) + RING_SIZE * 2);

	ring->stride = stride;
	ring->n = 1;
	while (ring->n * 2 * stride <= RING_SIZE || ring->n < 8)
		ring->n *= 2;
	return ring;
}

static void *prepare_index(const struct cargo *cargo, const struct server *broker attr_unused)
{
	return prepare_with(cargo->size);
}

static void *prepare_band(const struct cargo *cargo, const struct server *broker attr_unused)
{
	return prepare_with(cargo->size + sizeof(uint64_t));
}

static inline unsigned char *cell(struct ring *ring, uint64_t i)
{
	return ring->cells + (i & (ring->n - 1)) * ring->stride;
}

static attr_inlined void relax(bool pauses)
{
	if (pauses)
		pause_cpu();
}

static attr_inlined void index_send(struct ring *ring, struct cargo *cargo, uint64_t n, bool pauses)
{
	uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed), end = head + n;
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);

	while (head < end) {
		if (head - tail >= ring->n) {
			tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
			relax(pauses);
			continue;
		}
		cargo_fill(cargo, cargo->bytes);
		payload_write(cell(ring, head), cargo->bytes, cargo->size);
		head++;
		if (head % cargo->batch == 0)
			atomic_store_explicit(&ring->head, head, memory_order_release);
	}
}

static attr_inlined void index_take(struct ring *ring, struct cargo *cargo, uint64_t n, bool pauses)
{
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed), end = tail + n;
	uint64_t head = tail;

	while (tail < end) {
		if (tail == head) {
			head = atomic_load_explicit(&ring->head, memory_order_acquire);
			if (tail == head)
				relax(pauses);
			continue;
		}
		payload_read(cargo->bytes, cell(ring, tail), cargo->size);
		cargo_check(cargo, cargo->bytes);
		tail++;
		if (tail % cargo->batch == 0)
			atomic_store_explicit(&ring->tail, tail, memory_order_release);
	}
}

static attr_inlined void band_send(struct ring *ring, struct cargo *cargo, uint64_t n, bool pauses)
{
	uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed), end = head + n;
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);

	while (head < end) {
		unsigned char *at = cell(ring, head);

		if (head - tail >= ring->n) {
			tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
			relax(pauses);
			continue;
		}
		cargo_fill(cargo, cargo->bytes);
		payload_write(at + sizeof(uint64_t), cargo->bytes, cargo->size);
		atomic_store_explicit((_Atomic uint64_t *)at, ++head, memory_order_release);
	}
	atomic_store_explicit(&ring->head, head, memory_order_relaxed); /* for the next call */
}

static attr_inlined void band_take(struct ring *ring, struct cargo *cargo, uint64_t n, bool pauses)
{
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed), end = tail + n;

	while (tail < end) {
		unsigned char *at = cell(ring, tail);

		if (atomic_load_explicit((_Atomic uint64_t *)at, memory_order_acquire) !=
		    tail + 1) {
			relax(pauses);
			continue;
		}
		payload_read(cargo->bytes, at + sizeof(uint64_t), cargo->size);
		cargo_check(cargo, cargo->bytes);
		tail++;
		if (tail % cargo->batch == 0)
			atomic_store_explicit(&ring->tail, tail, memory_order_release);
	}
}

#define LIMIT(what, pauses)                                                                        \
	static void what##_send_##pauses(void *ring, struct cargo *cargo, uint64_t n)              \
	{                                                                                          \
		what##_send(ring, cargo, n, pauses);                                               \
	}                                                                                          \
	static void what##_take_##pauses(void *ring, struct cargo *cargo, uint64_t n)              \
	{                                                                                          \
		what##_take(ring, cargo, n, pauses);                                               \
	}

LIMIT(index, false)
LIMIT(index, true)
LIMIT(band, false)
LIMIT(band, true)

const struct transport transport_index = {.name = "index",
					  .prepare = prepare_index,
					  .send = index_send_false,
					  .take = index_take_false};
const struct transport transport_index_paused = {.name = "index, pausing",
						 .prepare = prepare_index,
						 .send = index_send_true,
						 .take = index_take_true};
const struct transport transport_band = {.name = "in band",
					 .prepare = prepare_band,
					 .send = band_send_false,
					 .take = band_take_false};
const struct transport transport_band_paused = {.name = "in band, pausing",
						.prepare = prepare_band,
						.send = band_send_true,
						.take = band_take_true};
