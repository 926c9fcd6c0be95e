/*
 * A seqlock and nothing else: the sequence is odd while the one copy of the value is written.
 */
#include "base/fence.h"
#include "base/payload.h"
#include "state/design.h"

struct seqlock {
	_Atomic uint64_t sequence;
	_Alignas(64) unsigned char value[];
};

static void *prepare(const struct traffic *traffic, const struct server *broker attr_unused)
{
	return design_share(sizeof(struct seqlock) + traffic->size);
}

static void publish(void *opened, const void *value, size_t size)
{
	struct seqlock *lock = opened;
	uint64_t sequence = atomic_load_explicit(&lock->sequence, memory_order_relaxed);

	atomic_store_explicit(&lock->sequence, sequence + 1, memory_order_relaxed);
	fence_release();
	payload_write(lock->value, value, size);
	atomic_store_explicit(&lock->sequence, sequence + 2, memory_order_release);
}

static bool read_value(void *opened, void *value, size_t size)
{
	const struct seqlock *lock = opened;
	uint64_t before = atomic_load_explicit(&lock->sequence, memory_order_acquire);

	if (before % 2)
		return false;
	payload_read(value, lock->value, size);
	fence_acquire();
	return atomic_load_explicit(&lock->sequence, memory_order_relaxed) == before;
}

static void write_all(void *lock, struct traffic *traffic)
{
	design_write(lock, traffic, publish);
}

static uint64_t read_all(void *lock, struct traffic *traffic, uint64_t reads)
{
	return design_read(lock, traffic, reads, read_value);
}

const struct design design_seqlock = {
	.name = "seqlock",
	.prepare = prepare,
	.write = write_all,
	.read = read_all,
};
