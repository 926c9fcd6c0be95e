/*
 * This process as a member: its id, and the roster by which it sees who else lives. Locks and
 * formats are given it; they ask nothing else of a connection.
 */
#ifndef CORE_MEMBER_H
#define CORE_MEMBER_H

#include <shmbroker/member.h>

#include <stdatomic.h>
#include <stdint.h>

#include "core/process.h"
#include "core/roster.h"

struct shmb_member {
	_Atomic uint64_t id; /* another one when the broker did not know it any more, or 0 */
	/* The process that it is (process.h); in a child that has yet to join, none. Who finds his
	 * own here has the id that goes with it. */
	_Atomic uint64_t process;
	struct roster roster; /* none until it was asked for; then it does not change */
};

static inline uint64_t member_process(const struct shmb_member *member)
{
	/* Pairs with the release in member_become(). */
	return atomic_load_explicit(&member->process, memory_order_acquire);
}

/* This process is the member ID from now on. */
static inline void member_become(struct shmb_member *member, uint64_t id)
{
	atomic_store_explicit(&member->id, id, memory_order_relaxed);
	/* Pairs with the acquire in member_process(). */
	atomic_store_explicit(&member->process, process_here(), memory_order_release);
}

/* It is no member yet, whatever its parent is. */
static inline void member_be_nobody(struct shmb_member *member)
{
	atomic_store_explicit(&member->process, PROCESS_NONE, memory_order_relaxed);
	atomic_store_explicit(&member->id, 0, memory_order_relaxed);
}

#endif
