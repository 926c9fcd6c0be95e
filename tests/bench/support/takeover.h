/*
 * The takeover of a lock from an owner that was killed: from just before kill(2) until one that
 * slept for it has it. To ours the broker sees, to robust mutexes the kernel.
 */
#ifndef BENCH_TAKEOVER_H
#define BENCH_TAKEOVER_H

#include <stdint.h>

#include "support/lockers.h"

/* One who waits, for one locker; owners are forked one after the other. */
struct takeover;

/* Owners are on the core OWN, and the one who waits on WAITER. */
struct takeover *takeover_new(const struct locker *locker, const struct server *broker, int own,
			      int waiter);
void takeover_free(struct takeover *takeover);

/* For a struct contender. */
uint64_t takeover_run(void *takeover, unsigned operations);

/* The same, only until a process that sleeps in poll(2) on a pidfd of the owner, on the core OWN,
 * knows of the death: less nobody can do who is not the kernel. */
uint64_t takeover_notice_run(void *takeover, unsigned operations);

/* The longest so far, in nanoseconds. */
uint64_t takeover_longest(const struct takeover *takeover);

#endif
