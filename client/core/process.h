/*
 * Which process this is, asked at every call and so without a system call. Not by its pid: a child
 * may have that of its parent, as the first ones of two pid namespaces have.
 */
#ifndef CORE_PROCESS_H
#define CORE_PROCESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

#define PROCESS_NONE UINT64_MAX /* no process has this number, nor 0 */

/* Where the number is remembered: a page that the kernel empties in every child, or 0 for ever. */
extern _Atomic uint64_t *_Atomic process_page attr_hidden;

/* Find it out, and remember it. */
uint64_t process_learn(void);

static inline uint64_t process_remembered(void)
{
	/* Pairs with the release in process.c: the page is there. */
	const _Atomic uint64_t *page = atomic_load_explicit(&process_page, memory_order_acquire);

	return atomic_load_explicit(page, memory_order_relaxed);
}

/* The number of this process, which none of those has that it was forked from. */
static inline uint64_t process_here(void)
{
	uint64_t here = process_remembered();

	return here ? here : process_learn();
}

/* True if PROCESS is known to be this one; false also when nothing is remembered. */
static inline bool process_is(uint64_t process)
{
	return process_remembered() == process;
}

/* Whether PROCESS, remembered when a handle was made, is this one. Returns 0, or -EOWNERDEAD with a
 * text. */
int process_check(uint64_t process);

#endif
