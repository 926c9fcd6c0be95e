/*
 * Which thread this is, as a number that no other thread of the process has, nor will have: what
 * the address of something of a thread is not, since a later one may get it again.
 */
#ifndef CORE_THREAD_H
#define CORE_THREAD_H

#include <stdint.h>

#include "base/attr.h"

/* This thread's number, spread over all bits; 0 until it has one. A child that is forked keeps that
 * of the thread that forked it. */
extern attr_hidden _Thread_local uint64_t thread_number __attribute__((tls_model("initial-exec")));

/* Give it one. */
void thread_take_number(void);

/* The number, which it has from then on. */
static inline uint64_t thread_here(void)
{
	if (!thread_number)
		thread_take_number();
	return thread_number;
}

#endif
