/*
 * A barrier of which one side pays for both: what runs often pays nothing, and what runs rarely
 * makes the kernel put a full fence into every thread that runs at that moment, in all processes
 * that have asked for it.
 *
 * A store and a load after it are then in order on the cheap side if only the compiler keeps them
 * so. The dear side costs a microsecond, and one interrupt of each processor on which a process
 * that asked for it runs: tens of microseconds in a virtual machine.
 */
#ifndef CORE_BARRIER_H
#define CORE_BARRIER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fence.h"

/* From now on the cheap side can be taken by this process. False where the kernel does not have
 * that, or does not let it. */
bool barrier_enable(void);

/* The cheap side; only after barrier_enable() has said that it can be had. Pairs with
 * barrier_dear(). */
static inline void barrier_cheap(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

/* The dear side. It is a full fence here in any case. */
void barrier_dear(void);

/*
 * Who changes something for which others may sleep, and then looks whether one of them has said so.
 * While nobody has for a time it takes the cheap side, and says so in a word of shared memory, in
 * which sleepers look whether they have to take the dear one.
 *
 *     change it, release
 *     barrier_pass(&side);
 *     if (somebody has said that he sleeps) {
 *             barrier_heard(&side);
 *             wake him
 *     } else {
 *             barrier_unheard(&side);
 *     }
 */
struct barrier_side {
	_Atomic uint32_t *unfenced; /* in shared memory: 1 while this side is the cheap one */
	bool may_be_cheap;          /* this process can take it */
	bool is_cheap;              /* and takes it now */
	unsigned unheard;           /* passes since somebody slept */
};

#define BARRIER_UNHEARD 64 /* passes after which the fence is left out */

/* UNFENCED is this side's alone from now on, whatever stands there. */
void barrier_side_init(struct barrier_side *side, _Atomic uint32_t *unfenced);

static inline void barrier_pass(const struct barrier_side *side)
{
	/* Both pair with what barrier_before_sleep() does. */
	if (side->is_cheap)
		barrier_cheap();
	else
		fence_full();
}

/* With a fence again. Who sees that sees all that was changed without. */
static inline void barrier_turn_dear(struct barrier_side *side)
{
	atomic_store_explicit(side->unfenced, 0, memory_order_release);
	side->is_cheap = false;
	side->unheard = 0;
}

void barrier_turn_cheap(struct barrier_side *side);

static inline void barrier_heard(struct barrier_side *side)
{
	if (side->is_cheap)
		barrier_turn_dear(side);
	side->unheard = 0;
}

static inline void barrier_unheard(struct barrier_side *side)
{
	if (side->may_be_cheap && !side->is_cheap && ++side->unheard > BARRIER_UNHEARD)
		barrier_turn_cheap(side);
}

/* A sleeper has stored that it sleeps. What it loads after this is no older than what the sides had
 * changed that did not see that. Their words are N, the first is UNFENCED, and the next ones PITCH
 * bytes further each. */
static inline void barrier_before_sleep(const _Atomic uint32_t *unfenced, unsigned n, size_t pitch)
{
	uint32_t any = 0;

	/* Pairs with the one in barrier_pass(), or in barrier_turn_cheap(). */
	fence_full();
	for (unsigned i = 0; i < n; i++)
		/* Pairs with the release in barrier_turn_dear(). */
		any |= atomic_load_explicit((const _Atomic uint32_t *)((const char *)unfenced +
								       i * pitch),
					    memory_order_acquire);
	if (any)
		barrier_dear(); /* pairs with barrier_cheap() in barrier_pass() */
}

#endif
