/*
 * The state format: a value with versions.
 *
 *   offset  size  what                                          who writes it
 *        0    40  head: magic "SMBSTATE", version, ABI, size    initialiser
 *                 256, flags (1: a single writer), instance
 *       40     8  value_size: bytes of the largest value        initialiser
 *       48     8  stride: bytes from one slot to the next       initialiser
 *       56     4  n_slots: a power of two, at least 2           initialiser
 *       60     4  history: versions that can be read by         initialiser
 *                 number, less than n_slots
 *       64     8  last: the last version, 0 before the first;   publisher
 *                 its low half is the futex of who waits
 *      128    32  lock of the writers, where there are many     who has it, or wants it
 *      160     8  claim: the member that is the single writer   who opens it as that
 *      168     4  unfenced: 1 while the single writer           single writer
 *                 publishes without a fence
 *      176     8  lock_waits: publishers that met another       who wants the lock
 *      256        n_slots slots
 *
 *   in a slot
 *        0     8  version that it holds, 0 while it is written  publisher
 *        8     8  size of the value                             publisher
 *    16/64        the value: in the line of the version where   publisher
 *                 it fits there (48 bytes), else in the next
 *
 * The publisher is who has the lock or the claim. Version V is in slot V mod n_slots. To publish
 * it:
 *
 *   1. the slot's version = 0, release          the version that was there is gone
 *   2. fence; size, value
 *   3. the slot's version = V, release          it is whole, and nobody looks for it yet
 *   4. last = V, release                        it is published
 *   5. who has rung the doorbell is woken
 *
 * A reader loads last, the slot's version, the size, which it bounds, the value, and the slot's
 * version again: the copy is good if that was the version looked for both times. Since the slot
 * that is written is never the last one's, the last value stands still until n_slots - 1 more are
 * published.
 *
 * A publisher that dies leaves, before step 4, the last version as it was, and in the next one's
 * slot something that is either marked as being written, or whole and never looked for; the next
 * publisher writes that very slot. So nothing is to be repaired. After step 4 it leaves a version
 * that is published, of which waiters may learn only when they look again by themselves; who takes
 * over wakes them.
 *
 * Hostile bytes. What is in the head is fetched once, into a struct state_view, and refused unless
 * it fits the mapping; after that the geometry is never read again. `last` is only ever masked to
 * an index, and a size is compared with value_size before use.
 */
#ifndef LAYOUT_STATE_LAYOUT_H
#define LAYOUT_STATE_LAYOUT_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "layout/head.h"

#define STATE_MAGIC         UINT64_C(0x4554415453424d53) /* "SMBSTATE" */
#define STATE_VERSION       1u
#define STATE_SINGLE_WRITER 1u /* in the head's flags */
#define STATE_SLOTS_LEAST   2u
#define STATE_SLOTS_MOST    65536u
#define STATE_VALUE_MOST    (UINT64_C(1) << 40)

struct state_header {
	struct layout_head head;
	uint64_t value_size;
	uint64_t stride;
	uint32_t n_slots;
	uint32_t history;
	_Atomic uint64_t last;
	uint8_t reserved_72[56];
	_Alignas(32) uint64_t lock[4];
	_Atomic uint64_t claim;
	_Atomic uint32_t unfenced;
	uint8_t reserved_172[4];
	_Atomic uint64_t lock_waits;
	uint8_t reserved_184[72];
};

struct state_slot {
	_Atomic uint64_t version;
	_Atomic uint64_t size;
	uint8_t small_value[LAYOUT_LINE - 16];
	uint8_t large_value[];
};

static_assert(offsetof(struct state_header, value_size) == 40, "as the map above says");
static_assert(offsetof(struct state_header, stride) == 48, "as the map above says");
static_assert(offsetof(struct state_header, n_slots) == 56, "as the map above says");
static_assert(offsetof(struct state_header, history) == 60, "as the map above says");
static_assert(offsetof(struct state_header, last) == 64, "as the map above says");
static_assert(offsetof(struct state_header, lock) == 128, "as the map above says");
static_assert(offsetof(struct state_header, claim) == 160, "as the map above says");
static_assert(offsetof(struct state_header, unfenced) == 168, "as the map above says");
static_assert(offsetof(struct state_header, lock_waits) == 176, "as the map above says");
static_assert(sizeof(struct state_header) == 256, "as the map above says");
static_assert(offsetof(struct state_slot, size) == 8, "as the map above says");
static_assert(offsetof(struct state_slot, small_value) == 16, "as the map above says");
static_assert(offsetof(struct state_slot, large_value) == 64, "as the map above says");

/* What a state is to be, or is. */
struct state_shape {
	uint64_t value_size; /* 1 to STATE_VALUE_MOST */
	uint32_t n_slots;    /* a power of two from STATE_SLOTS_LEAST to STATE_SLOTS_MOST */
	uint32_t history;    /* 1 to n_slots - 1 */
	bool single_writer;
};

/* A state in a mapping of this process. All bounds that are ever used are in here. */
struct state_view {
	struct state_header *header; /* and behind it the slots */
	uint64_t stride;
	uint64_t mask; /* n_slots - 1 */
	struct state_shape shape;
};

/* The bytes that a state of this shape takes. False when it is no shape, or too large to say. */
attr_nodrop bool state_size(const struct state_shape *shape, uint64_t *ret_size);

/* Lay out a state in SIZE zeroed bytes at MEMORY, which is aligned to a line. Returns 0, or -EINVAL
 * when it is no shape or has no room there. */
int state_format(void *memory, uint64_t size, const struct state_shape *shape,
		 const uint8_t instance[static LAYOUT_INSTANCE_SIZE]);

/*
 * A view of the SIZE bytes at MEMORY, which may hold anything and be written to meanwhile. Returns
 * 0; -ESTALE when they are no state, or one of another layout or machine; -EBADMSG when the header
 * contradicts itself or the size; and what is wrong, as the end of a sentence, in *ret_fault. Also
 * the instance that stands in the header.
 */
int state_attach(void *memory, uint64_t size, struct state_view *ret_view,
		 uint8_t ret_instance[static LAYOUT_INSTANCE_SIZE], const char **ret_fault);

/* The slot of VERSION, whatever that is. */
static inline struct state_slot *state_slot(const struct state_view *view, uint64_t version)
{
	unsigned char *slots = (unsigned char *)(view->header + 1);

	return (struct state_slot *)(slots + (version & view->mask) * view->stride);
}

/* Where the value of a slot is, when the largest one has VALUE_SIZE. */
static inline uint64_t state_value_at(uint64_t value_size)
{
	return value_size <= sizeof(((struct state_slot *)NULL)->small_value)
		       ? offsetof(struct state_slot, small_value)
		       : offsetof(struct state_slot, large_value);
}

static inline void *state_value(const struct state_view *view, struct state_slot *slot)
{
	return (unsigned char *)slot + state_value_at(view->shape.value_size);
}

#endif
