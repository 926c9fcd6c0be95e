/*
 * The limit: rings of cells of one size, which do nothing else. With the index published for each
 * record, or each batch; or with the number of the record in its cell, where a consumer looks for
 * it. Nobody is thought of that may die, or be hostile; nobody can come later.
 */
#include "stream/ring.h"

static void *prepare_with(size_t stride)
{
	struct ring *ring = transport_share(ring_room());

	ring_init(ring, stride);
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

static void *open_side(void *prepared, bool sends attr_unused, unsigned which attr_unused)
{
	return ring_open(prepared);
}

static void dispose(void *prepared)
{
	transport_unshare(prepared, ring_room());
}

static attr_inlined void index_take(struct ring_side *side, struct cargo *cargo, uint64_t n,
				    bool pauses)
{
	struct ring *ring = side->ring;

	for (uint64_t end = side->at + n; side->at < end;) {
		if (!ring_has_more(side)) {
			cargo_idle(cargo, pauses);
			continue;
		}
		ring_take_bytes(side, cargo, ring_cell(ring, side->at));
		if (side->at % cargo->batch == 0)
			atomic_store_explicit(&ring->tail, side->at, memory_order_release);
	}
}

static attr_inlined void band_take(struct ring_side *side, struct cargo *cargo, uint64_t n,
				   bool pauses)
{
	struct ring *ring = side->ring;

	for (uint64_t end = side->at + n; side->at < end;) {
		unsigned char *at = ring_cell(ring, side->at);

		if (!ring_has_mark(side, at)) {
			cargo_idle(cargo, pauses);
			continue;
		}
		ring_take_bytes(side, cargo, at + sizeof(uint64_t));
		if (side->at % cargo->batch == 0)
			atomic_store_explicit(&ring->tail, side->at, memory_order_release);
	}
}

#define LIMIT(what, pauses)                                                                        \
	static void what##_send_##pauses(void *side, struct cargo *cargo, uint64_t n)              \
	{                                                                                          \
		ring_send_##what(side, cargo, n, pauses);                                          \
	}                                                                                          \
	static void what##_take_##pauses(void *side, struct cargo *cargo, uint64_t n)              \
	{                                                                                          \
		what##_take(side, cargo, n, pauses);                                               \
	}

LIMIT(index, false)
LIMIT(index, true)
LIMIT(band, false)
LIMIT(band, true)

const struct transport transport_index = {.name = "index",
					  .prepare = prepare_index,
					  .open = open_side,
					  .dispose = dispose,
					  .send = index_send_false,
					  .take = index_take_false};
const struct transport transport_index_paused = {.name = "index, pausing",
						 .prepare = prepare_index,
						 .open = open_side,
						 .dispose = dispose,
						 .send = index_send_true,
						 .take = index_take_true};
const struct transport transport_band = {.name = "in band",
					 .prepare = prepare_band,
					 .open = open_side,
					 .dispose = dispose,
					 .send = band_send_false,
					 .take = band_take_false};
const struct transport transport_band_paused = {.name = "in band, pausing",
						.prepare = prepare_band,
						.open = open_side,
						.dispose = dispose,
						.send = band_send_true,
						.take = band_take_true};
