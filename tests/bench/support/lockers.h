/*
 * Locks to compare: ours, and those of others, each used in its own way in a loop of its own, so
 * that none is called through a pointer where the others are not.
 */
#ifndef BENCH_LOCKERS_H
#define BENCH_LOCKERS_H

#include <stdalign.h>
#include <stdint.h>

#include "support/server.h"

#define LOCKER_SIZE 128

/* A lock and what it guards, in memory that processes share; zeroed at first. */
struct locker_place {
	alignas(128) unsigned char lock[LOCKER_SIZE];
	uint64_t counter;
};

struct locker {
	const char *name;
	void (*init)(void *lock);
	/* So many times: take the lock, count up, give it back. */
	void (*run)(struct locker_place *place, unsigned n);
	/* For those that outlive their owners. TAKE returns whether the last owner died, and then
	 * all is said to be in order again. */
	int (*take)(void *lock);
	void (*give)(void *lock);
};

enum {
	LOCKER_OURS,
	LOCKER_ROBUST, /* the peer of all targets */
	LOCKER_SHARED,
	LOCKER_ROBUST_PI,
	LOCKER_FUTEX, /* the least that excludes and sleeps */
	LOCKER_BOOST, /* not there without its package */
	N_LOCKERS,
};

extern const struct locker lockers[N_LOCKERS];

/* As many as there are. */
unsigned lockers_n(void);

/* What they are of. */
const char *lockers_versions(void);

/* The calling process takes our locks as a member of BROKER's from now on, until its end. */
void lockers_be_member(const struct server *broker);

#endif
