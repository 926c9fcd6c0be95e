/*
 * The limit of several producers: a ring for each, and one consumer that goes through all of them,
 * as long as there is something in one.
 */
#include "stream/ring.h"

#define BURST 64u /* records of one, while others may have some */

/* The rings lie behind each other. */
struct lanes {
	unsigned n;
	size_t room; /* of each */
	unsigned char *rings;
};

struct lanes_side {
	unsigned n;
	struct ring_side *sides;
};

static void *prepare_with(const struct cargo *cargo, size_t stride)
{
	struct lanes *lanes = calloc(1, sizeof(*lanes));

	if (!lanes)
		bench_fail("no memory");
	lanes->n = cargo->producers;
	lanes->room = ring_room();
	lanes->rings = transport_share(lanes->n * lanes->room);
	for (unsigned i = 0; i < lanes->n; i++)
		ring_init((struct ring *)(void *)(lanes->rings + i * lanes->room), stride);
	return lanes;
}

static void *prepare_index(const struct cargo *cargo, const struct server *broker attr_unused)
{
	return prepare_with(cargo, cargo->size);
}

static void *prepare_band(const struct cargo *cargo, const struct server *broker attr_unused)
{
	return prepare_with(cargo, cargo->size + sizeof(uint64_t));
}

static void *open_side(void *prepared, bool sends, unsigned which)
{
	struct lanes *lanes = prepared;
	struct lanes_side *side = calloc(1, sizeof(*side));

	if (!side)
		bench_fail("no memory");
	side->n = sends ? 1 : lanes->n;
	side->sides = calloc(side->n, sizeof(*side->sides));
	if (!side->sides)
		bench_fail("no memory");
	for (unsigned i = 0; i < side->n; i++)
		side->sides[i].ring =
			(struct ring *)(void *)(lanes->rings + (sends ? which : i) * lanes->room);
	return side;
}

static uint64_t take_index(struct ring_side *side, struct cargo *cargo, uint64_t most)
{
	uint64_t first = side->at;

	while (side->at - first < most && ring_has_more(side))
		ring_take_bytes(side, cargo, ring_cell(side->ring, side->at));
	if (side->at != first)
		atomic_store_explicit(&side->ring->tail, side->at, memory_order_release);
	return side->at - first;
}

static uint64_t take_band(struct ring_side *side, struct cargo *cargo, uint64_t most)
{
	uint64_t first = side->at;

	while (side->at - first < most) {
		unsigned char *at = ring_cell(side->ring, side->at);

		if (!ring_has_mark(side, at))
			break;
		ring_take_bytes(side, cargo, at + sizeof(uint64_t));
	}
	if (side->at != first)
		atomic_store_explicit(&side->ring->tail, side->at, memory_order_release);
	return side->at - first;
}

static attr_inlined void take_all(struct lanes_side *side, struct cargo *cargo, uint64_t n,
				  uint64_t (*take)(struct ring_side *side, struct cargo *cargo,
						   uint64_t most))
{
	while (n > 0) {
		uint64_t before = n;

		for (unsigned i = 0; i < side->n && n > 0; i++)
			n -= take(&side->sides[i], cargo, n < BURST ? n : BURST);
		if (n == before)
			cargo_idle(cargo, false);
	}
}

static void index_take(void *opened, struct cargo *cargo, uint64_t n)
{
	take_all(opened, cargo, n, take_index);
}

static void band_take(void *opened, struct cargo *cargo, uint64_t n)
{
	take_all(opened, cargo, n, take_band);
}

static void index_send(void *opened, struct cargo *cargo, uint64_t n)
{
	ring_send_index(((struct lanes_side *)opened)->sides, cargo, n, false);
}

static void band_send(void *opened, struct cargo *cargo, uint64_t n)
{
	ring_send_band(((struct lanes_side *)opened)->sides, cargo, n, false);
}

static void dispose(void *prepared)
{
	struct lanes *lanes = prepared;

	transport_unshare(lanes->rings, lanes->n * lanes->room);
	free(lanes);
}

const struct transport transport_lanes_index = {.name = "ring each, index",
						.prepare = prepare_index,
						.open = open_side,
						.dispose = dispose,
						.send = index_send,
						.take = index_take};
const struct transport transport_lanes_band = {.name = "ring each, in band",
					       .prepare = prepare_band,
					       .open = open_side,
					       .dispose = dispose,
					       .send = band_send,
					       .take = band_take};
