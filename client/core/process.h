/*
 * Which process this is, asked at every call and so without a system call.
 */
#ifndef CORE_PROCESS_H
#define CORE_PROCESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"

/* Where the id is remembered: a page that the kernel empties in every child, or 0 for ever. */
extern _Atomic pid_t *_Atomic process_page attr_hidden;

/* Find it out, and remember it. */
pid_t process_id_learn(void);

static inline pid_t process_remembered(void)
{
	/* Pairs with the release in process.c: the page is there. */
	const _Atomic pid_t *page = atomic_load_explicit(&process_page, memory_order_acquire);

	return atomic_load_explicit(page, memory_order_relaxed);
}

/* getpid(2), remembered until the next fork. */
static inline pid_t process_id(void)
{
	pid_t pid = process_remembered();

	return pid ? pid : process_id_learn();
}

/* True if PID is known to be this process; false also when nothing is remembered. */
static inline bool process_is(pid_t pid)
{
	return process_remembered() == pid;
}

/* Whether PID, remembered when a handle was made, is this process. Returns 0, or -EOWNERDEAD with a
 * text. */
int process_check(pid_t pid);

#endif
