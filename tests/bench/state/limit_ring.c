/*
 * With the fences and the copy that ours has, and slots that are aligned as ours are.
 */
#include "state/limit_ring.h"

#include <stdbool.h>

#include "base/fence.h"
#include "base/payload.h"

#define LINE 64u

struct slot {
	_Atomic uint64_t version;
	_Atomic uint64_t size;
	unsigned char gap[LINE - 16];
	unsigned char value[];
};

struct limit_ring {
	size_t stride;
	uint64_t mask;
	unsigned char gap[LINE - 16];
	_Atomic uint64_t last;
	unsigned char gap_2[LINE - 8];
	unsigned char slots[];
};

size_t limit_ring_stride(size_t value_size)
{
	return sizeof(struct slot) + (value_size + LINE - 1) / LINE * LINE;
}

static struct slot *slot_of(const struct limit_ring *ring, uint64_t version)
{
	return (struct slot *)(ring->slots + (version & ring->mask) * ring->stride);
}

size_t limit_ring_size(size_t value_size, unsigned slots)
{
	return sizeof(struct limit_ring) + limit_ring_stride(value_size) * slots;
}

struct limit_ring *limit_ring_make(void *memory, size_t value_size, unsigned slots)
{
	struct limit_ring *ring = memory;

	ring->stride = limit_ring_stride(value_size);
	ring->mask = slots - 1;
	return ring;
}

void limit_ring_publish(struct limit_ring *ring, const void *value, size_t size)
{
	uint64_t version = atomic_load_explicit(&ring->last, memory_order_relaxed) + 1;
	struct slot *slot = slot_of(ring, version);

	atomic_store_explicit(&slot->version, 0, memory_order_relaxed);
	fence_release();
	atomic_store_explicit(&slot->size, size, memory_order_relaxed);
	payload_write(slot->value, value, size);
	atomic_store_explicit(&slot->version, version, memory_order_release);
	atomic_store_explicit(&ring->last, version, memory_order_release);
}

static attr_inlined uint64_t read_version(const struct limit_ring *ring, bool is_small, void *value,
					  size_t *ret_size)
{
	uint64_t version = atomic_load_explicit(&ring->last, memory_order_acquire);
	struct slot *slot = slot_of(ring, version);
	size_t size;

	if (atomic_load_explicit(&slot->version, memory_order_acquire) != version)
		return 0;
	size = atomic_load_explicit(&slot->size, memory_order_relaxed);
	if (is_small)
		payload_read_small(value, slot->value, size);
	else
		payload_read(value, slot->value, size);
	fence_acquire();
	if (atomic_load_explicit(&slot->version, memory_order_relaxed) != version)
		return 0;
	*ret_size = size;
	return version;
}

static attr_apart uint64_t read_large(const struct limit_ring *ring, void *value, size_t *ret_size)
{
	return read_version(ring, false, value, ret_size);
}

uint64_t limit_ring_read(const struct limit_ring *ring, void *value, size_t *ret_size)
{
	if (ring->stride > sizeof(struct slot) + PAYLOAD_SMALL)
		return read_large(ring, value, ret_size);
	return read_version(ring, true, value, ret_size);
}

uint64_t limit_ring_read_checked(const struct limit_handle *handle, void *value, size_t *size)
{
	const struct limit_ring *ring = handle->ring;
	const struct slot *slot;
	uint64_t version;
	size_t found;

	if (atomic_load_explicit(handle->here, memory_order_relaxed) != handle->owner)
		return 0;
	version = atomic_load_explicit(&ring->last, memory_order_acquire);
	slot = (const struct slot *)(ring->slots + (version & handle->mask) * handle->stride);
	if (version == 0 || atomic_load_explicit(&slot->version, memory_order_acquire) != version)
		return 0;
	found = atomic_load_explicit(&slot->size, memory_order_relaxed);
	if (found > *size || found > handle->most)
		return 0;
	if (handle->most <= PAYLOAD_SMALL)
		payload_read_small(value, slot->value, found);
	else
		payload_read(value, slot->value, found);
	fence_acquire();
	if (atomic_load_explicit(&slot->version, memory_order_relaxed) != version)
		return 0;
	*size = found;
	return version;
}
