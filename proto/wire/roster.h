/*
 * The roster: which members live. The broker alone writes it; clients map the file that ROSTER's
 * answer brings, read-only. It outlives the processes of the broker, as its instance does.
 *
 *   offset  size  what
 *        0     8  magic
 *        8     4  version of this layout
 *       12     4  number of slots
 *       16    16  instance of the broker, as HELLO tells it; formats in shared memory repeat it
 *       32     4  first generation: no member id of this roster has one before it
 *       64     4  epoch, a futex: counted up when somebody died whom others may have waited for
 *     4096   8 n  a word for each slot
 *
 * The word of a slot is the id of the member that has it; with ROSTER_DEAD when that has ended; 0
 * when none has had it yet. So a member lives exactly if the word of its slot is its id.
 *
 * A member id is never used again: its high half is a generation, which grows with each member that
 * has the slot; its low half is twice the slot, which leaves a bit free. In the word of a lock that
 * bit says that somebody waits, and the low half is its futex.
 */
#ifndef WIRE_ROSTER_H
#define WIRE_ROSTER_H

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/messages.h"

#define ROSTER_MAGIC          UINT64_C(0x5245545352424d53) /* "SMBRSTER" */
#define ROSTER_VERSION        1u
#define ROSTER_SLOTS_MAX      (UINT32_C(1) << 20)
#define ROSTER_GENERATION_MAX UINT32_C(0x7fffffff)
#define ROSTER_DEAD           UINT64_C(1)
#define ROSTER_WORDS          4096

struct wire_roster {
	uint64_t magic;
	uint32_t version;
	uint32_t n_slots;
	uint8_t instance[WIRE_INSTANCE_SIZE];
	uint32_t first_generation;
	uint8_t reserved_36[28];
	_Atomic uint32_t epoch;
	uint8_t reserved_68[ROSTER_WORDS - 68];
	_Atomic uint64_t words[];
};

static_assert(offsetof(struct wire_roster, epoch) == 64, "as the map above says");
static_assert(offsetof(struct wire_roster, words) == ROSTER_WORDS, "as the map above says");
static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "processes share these words");

static inline uint64_t roster_id(uint32_t generation, uint32_t slot)
{
	return (uint64_t)generation << 32 | (uint64_t)slot << 1;
}

static inline uint32_t roster_slot(uint64_t id)
{
	return (uint32_t)id >> 1;
}

static inline uint32_t roster_generation(uint64_t id)
{
	return (uint32_t)(id >> 32);
}

static inline uint64_t roster_size(uint32_t n_slots)
{
	return ROSTER_WORDS + (uint64_t)n_slots * sizeof(uint64_t);
}

#endif
