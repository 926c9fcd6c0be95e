/*
 * ck_ring of Concurrency Kit, one producer and one consumer, with its elements of one size in the
 * ring.
 */
#include <ck_ring.h>
#include <string.h>

#include "base/attr.h"
#include "stream/transport.h"

#define RING_SIZE ((size_t)1 << 20)

struct cell_8 {
	unsigned char bytes[8];
};
struct cell_64 {
	unsigned char bytes[64];
};
struct cell_1024 {
	unsigned char bytes[1024];
};
struct cell_65536 {
	unsigned char bytes[65536];
};

CK_RING_PROTOTYPE(cell_8, cell_8)
CK_RING_PROTOTYPE(cell_64, cell_64)
CK_RING_PROTOTYPE(cell_1024, cell_1024)
CK_RING_PROTOTYPE(cell_65536, cell_65536)

struct shared {
	ck_ring_t ring;
	_Alignas(128) unsigned char cells[];
};

#define ROOM (sizeof(struct shared) + RING_SIZE * 2)

static void *prepare(const struct cargo *cargo, const struct server *broker attr_unused)
{
	struct shared *shared = transport_share(ROOM);
	unsigned n = 1;

	while (n * 2 * cargo->size <= RING_SIZE || n < 8)
		n *= 2;
	ck_ring_init(&shared->ring, n);
	return shared;
}

#define MOVE(size)                                                                                 \
	static void send_##size(struct shared *shared, struct cargo *cargo, uint64_t n)            \
	{                                                                                          \
		struct cell_##size *cells = (struct cell_##size *)(void *)shared->cells;           \
                                                                                                   \
		for (; n > 0; n--) {                                                               \
			cargo_fill(cargo, cargo->bytes);                                           \
			while (!CK_RING_ENQUEUE_SPSC(cell_##size, &shared->ring, cells,            \
						     (struct cell_##size *)(void *)cargo->bytes))  \
				;                                                                  \
		}                                                                                  \
	}                                                                                          \
	static void take_##size(struct shared *shared, struct cargo *cargo, uint64_t n)            \
	{                                                                                          \
		struct cell_##size *cells = (struct cell_##size *)(void *)shared->cells;           \
                                                                                                   \
		for (; n > 0; n--) {                                                               \
			while (!CK_RING_DEQUEUE_SPSC(cell_##size, &shared->ring, cells,            \
						     (struct cell_##size *)(void *)cargo->bytes))  \
				;                                                                  \
			cargo_check(cargo, cargo->bytes);                                          \
		}                                                                                  \
	}

MOVE(8)
MOVE(64)
MOVE(1024)
MOVE(65536)

static void dispose(void *prepared)
{
	transport_unshare(prepared, ROOM);
}

static void send(void *opened, struct cargo *cargo, uint64_t n)
{
	switch (cargo->size) {
	case 8:
		send_8(opened, cargo, n);
		break;
	case 64:
		send_64(opened, cargo, n);
		break;
	case 1024:
		send_1024(opened, cargo, n);
		break;
	default:
		send_65536(opened, cargo, n);
		break;
	}
}

static void take(void *opened, struct cargo *cargo, uint64_t n)
{
	switch (cargo->size) {
	case 8:
		take_8(opened, cargo, n);
		break;
	case 64:
		take_64(opened, cargo, n);
		break;
	case 1024:
		take_1024(opened, cargo, n);
		break;
	default:
		take_65536(opened, cargo, n);
		break;
	}
}

const struct transport transport_ck = {
	.name = "ck_ring", .prepare = prepare, .dispose = dispose, .send = send, .take = take};
