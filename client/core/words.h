/*
 * Copying memory in which other threads or processes may write meanwhile. Nobody can keep the whole
 * from changing; but a variable of up to eight bytes, which lies within a word, is not torn.
 */
#ifndef CORE_WORDS_H
#define CORE_WORDS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

typedef _Atomic uint64_t words_word __attribute__((may_alias));

/* SIZE is a multiple of 8, and both are aligned to it. */
static inline void words_copy(void *to, const void *from, size_t size)
{
	words_word *target = to;
	const words_word *source = from;

	for (size_t i = 0; i < size / sizeof(*target); i++)
		atomic_store_explicit(&target[i],
				      atomic_load_explicit(&source[i], memory_order_relaxed),
				      memory_order_relaxed);
}

#endif
