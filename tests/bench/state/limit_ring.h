/*
 * The limit: the least that a ring of snapshots can do and still hand out what a reader needs, the
 * value, its size and its version. One writer, who is waited for by nobody; no process is thought
 * of that may be hostile, forked or dead, so nothing is checked.
 */
#ifndef BENCH_STATE_LIMIT_RING_H
#define BENCH_STATE_LIMIT_RING_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct limit_ring;

/* The memory that it takes, and making it there. SLOTS is a power of two. */
size_t limit_ring_size(size_t value_size, unsigned slots);
size_t limit_ring_stride(size_t value_size);
struct limit_ring *limit_ring_make(void *memory, size_t value_size, unsigned slots);

void limit_ring_publish(struct limit_ring *ring, const void *value, size_t size);

/* The version; 0 when the writer has come round meanwhile. */
uint64_t limit_ring_read(const struct limit_ring *ring, void *value, size_t *ret_size);

/*
 * The same by who trusts nobody: through a handle of his own that says where the slots are and how
 * large a value may be, and only while this process is the one that made it. *SIZE is the room.
 */
struct limit_handle {
	const struct limit_ring *ring;
	const _Atomic uint64_t *here; /* what this process is */
	uint64_t owner;
	size_t most;
	size_t stride;
	uint64_t mask;
};

uint64_t limit_ring_read_checked(const struct limit_handle *handle, void *value, size_t *size);

#endif
