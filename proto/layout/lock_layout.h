/*
 * Locks and conditions in shared memory. Zeroed is the beginning of both.
 *
 *   lock, 32 bytes, aligned to 32
 *   offset  size  what
 *        0     8  owner: the member id of who has the lock, 0 for nobody; with LOCK_WAITERS when
 *                 somebody may sleep for it. The low half is the futex.
 *        8     8  token: which thread of the owner; 0 for none
 *       16     8  condition of what the lock guards: one of LOCK_...
 *       24     8  roster: whose members it is for; 0 before the first of them wants it
 *
 *   condition, 8 bytes
 *        0     4  sequence: a futex that each signal changes
 *        4     4  how often somebody has gone to sleep since it was last known that nobody does; 0
 *                 when nobody may
 *
 * Who writes. The owner is changed by compare-and-swap alone: from 0 to the taker; from a member
 * that does not live to the taker; by anybody to add LOCK_WAITERS; from the owner to 0 by the
 * owner. The roster is set by compare-and-swap too, from 0, by the first who wants the lock and
 * before he takes it. Token and condition are the owner's.
 *
 * What counts. A lock for another roster is left as it is, since nobody can tell who of its members
 * lives. Else an owner that is no living member, whatever it is, does not have the lock. The token
 * counts only when it is that of the thread that asks. A condition that is none of these counts as
 * LOCK_UNRECOVERABLE.
 *
 * What a crash leaves behind:
 *
 *   acquire   after the roster      a free lock
 *             after the owner       the lock of a dead member, with the token of nobody
 *             after the token       the lock of a dead member
 *   take over after the owner       the lock of a dead member again: the next one takes it over as
 *                                   this one did, and cannot miss that something may be half done
 *   wait      after LOCK_WAITERS    one wake-up too many
 *             after being woken     the others look again by themselves, at the latest when the
 *                                   death is announced, which wakes all of them
 *   repaired  after the condition   the lock of a dead member: the next one is told to look again
 *   release   after the condition   the lock of a dead member, unrecoverable
 *             after the token       the lock of a dead member: what it guards is in order, but the
 *                                   next one is told to look
 *             after the owner       a free lock; who sleeps for it looks again as above
 *   wait on a condition, signal     who sleeps wakes when the death is announced, and looks at
 *                                   what it waits for
 *
 * The token is stored plainly. A thread that was stopped in the midst of its release, and whose
 * process was then taken for dead though it lives, can clear the token of who took over from it,
 * who can then not release the lock (-EPERM) before its own end.
 */
#ifndef LAYOUT_LOCK_LAYOUT_H
#define LAYOUT_LOCK_LAYOUT_H

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define LOCK_WAITERS UINT64_C(1) /* a member id is even */

enum lock_condition {
	LOCK_IN_ORDER = 0,
	LOCK_INCONSISTENT = 1,  /* an owner died; the owner has not said yet that it is repaired */
	LOCK_UNRECOVERABLE = 2, /* it was released without */
};

struct lock_layout {
	_Atomic uint64_t owner;
	_Atomic uint64_t token;
	_Atomic uint64_t condition;
	_Atomic uint64_t roster;
};

struct condition_layout {
	_Atomic uint64_t word;
};

#define CONDITION_SLEEPER UINT64_C(0x100000000) /* in the high half: one more */

static_assert(sizeof(struct lock_layout) == 32, "as the map above says");
static_assert(offsetof(struct lock_layout, token) == 8, "as the map above says");
static_assert(offsetof(struct lock_layout, condition) == 16, "as the map above says");
static_assert(offsetof(struct lock_layout, roster) == 24, "as the map above says");
static_assert(sizeof(struct condition_layout) == 8, "as the map above says");
static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "processes share these words");

#endif
