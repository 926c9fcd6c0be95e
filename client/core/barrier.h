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

#endif
