/*
 * The limit of who sleeps: a bare ring whose sides sleep on a futex, with a timeout, as every sleep
 * on what a peer may forget has to have; at once, or after a look or some more. The consumer tells
 * a producer that waits for room of each quarter of the ring.
 */
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/fence.h"
#include "stream/ring.h"

#define TIMEOUT_NS 10000000
#define SPINS      512u

/* What one side sleeps on, and the other looks at. */
struct bell {
	_Alignas(128) _Atomic uint32_t rung;
	_Alignas(128) _Atomic uint32_t word;
};

struct shared {
	struct bell news, room;
	struct ring ring; /* the last */
};

struct side {
	struct shared *shared;
	struct ring_side ring;
};

static size_t size_of_shared(void)
{
	return sizeof(struct shared) + ring_room();
}

static void *prepare(const struct cargo *cargo, const struct server *broker attr_unused)
{
	struct shared *shared = transport_share(size_of_shared());

	ring_init(&shared->ring, cargo->size);
	return shared;
}

static void *open_side(void *prepared, bool sends attr_unused, unsigned which attr_unused)
{
	struct side *side = calloc(1, sizeof(*side));

	if (!side)
		bench_fail("no memory");
	side->shared = prepared;
	side->ring.ring = &side->shared->ring;
	return side;
}

static void dispose(void *prepared)
{
	transport_unshare(prepared, size_of_shared());
}

/* After the ring was changed, with a full fence in between. */
static inline void wake(struct bell *bell)
{
	if (atomic_load_explicit(&bell->rung, memory_order_relaxed) == 0)
		return;
	atomic_store_explicit(&bell->rung, 0, memory_order_relaxed);
	(void)atomic_fetch_add_explicit(&bell->word, 1, memory_order_acq_rel);
	(void)syscall(SYS_futex, &bell->word, FUTEX_WAKE, 1);
}

/* Until HAS(SIDE), which has looked in vain. */
static attr_inlined void await(struct bell *bell, struct ring_side *side, unsigned spins,
			       bool (*has)(struct ring_side *side))
{
	const struct timespec timeout = {.tv_nsec = TIMEOUT_NS};

	for (unsigned i = 0; i < spins; i++) {
		if (has(side))
			return;
		pause_cpu();
	}
	for (;;) {
		uint32_t word = atomic_load_explicit(&bell->word, memory_order_acquire);

		atomic_store_explicit(&bell->rung, 1, memory_order_relaxed);
		fence_full();
		if (has(side))
			return;
		(void)syscall(SYS_futex, &bell->word, FUTEX_WAIT, word, &timeout);
		if (has(side))
			return;
	}
}

static bool has_room(struct ring_side *side)
{
	return ring_has_room(side);
}

static bool has_more(struct ring_side *side)
{
	return ring_has_more(side);
}

static attr_inlined void send(struct side *side, struct cargo *cargo, uint64_t n, unsigned spins)
{
	struct ring_side *ring = &side->ring;

	for (; n > 0; n--) {
		if (!ring_has_room(ring))
			await(&side->shared->room, ring, spins, has_room);
		cargo_fill(cargo, cargo->bytes);
		payload_write(ring_cell(ring->ring, ring->at), cargo->bytes, cargo->size);
		/* With the fence. */
		(void)atomic_exchange_explicit(&ring->ring->head, ++ring->at, memory_order_seq_cst);
		wake(&side->shared->news);
	}
}

static attr_inlined void take(struct side *side, struct cargo *cargo, uint64_t n, unsigned spins)
{
	struct ring_side *ring = &side->ring;

	for (; n > 0; n--) {
		if (!ring_has_more(ring))
			await(&side->shared->news, ring, spins, has_more);
		ring_take_bytes(ring, cargo, ring_cell(ring->ring, ring->at));
		atomic_store_explicit(&ring->ring->tail, ring->at, memory_order_release);
		if (ring->at % (ring->ring->n / 4) == 0) {
			fence_full();
			wake(&side->shared->room);
		}
	}
}

static void send_at_once(void *side, struct cargo *cargo, uint64_t n)
{
	send(side, cargo, n, 0);
}

static void take_at_once(void *side, struct cargo *cargo, uint64_t n)
{
	take(side, cargo, n, 0);
}

static void send_spinning(void *side, struct cargo *cargo, uint64_t n)
{
	send(side, cargo, n, SPINS);
}

static void take_spinning(void *side, struct cargo *cargo, uint64_t n)
{
	take(side, cargo, n, SPINS);
}

const struct transport transport_futex = {
	.name = "futex ring",
	.prepare = prepare,
	.open = open_side,
	.dispose = dispose,
	.send = send_at_once,
	.take = take_at_once,
};

const struct transport transport_futex_spinning = {
	.name = "futex ring, spinning",
	.prepare = prepare,
	.open = open_side,
	.dispose = dispose,
	.send = send_spinning,
	.take = take_spinning,
};
