/*
 * Two processes that want the same lock all the time, for a while.
 */
#ifndef BENCH_CONTENTION_H
#define BENCH_CONTENTION_H

#include <stdint.h>

#include "support/bench.h"
#include "support/lockers.h"
#include "support/series.h"

/* Two processes for one locker. They sleep between the measurements. */
struct contention;

/* Run them on these cores, each a member of BROKER's; a measurement is of MS milliseconds. */
struct contention *contention_new(const struct locker *locker, const struct server *broker,
				  const int cores[2], unsigned ms);
void contention_free(struct contention *contention);

/* For a struct contender: what so many sections take both together. */
uint64_t contention_run(void *contention, unsigned operations);

/* Of all sections so far, the share that the one which had fewer has had. */
double contention_lesser_share(const struct contention *contention);

#endif
