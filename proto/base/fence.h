/*
 * Fences. Each use says in a comment which one of another process it pairs with.
 *
 * ThreadSanitizer does not follow fences, which gcc warns of at each. It need not: what they order
 * here is accessed by atomics alone.
 */
#ifndef BASE_FENCE_H
#define BASE_FENCE_H

#include <stdatomic.h>

#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan"
#endif

/* What is loaded before it is loaded before all that comes after it. */
static inline void fence_acquire(void)
{
	atomic_thread_fence(memory_order_acquire);
}

/* What is stored after it is stored after all that came before it. */
static inline void fence_release(void)
{
	atomic_thread_fence(memory_order_release);
}

/* Both, and no load passes a store. */
static inline void fence_full(void)
{
	atomic_thread_fence(memory_order_seq_cst);
}

#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif
