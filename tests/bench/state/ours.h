/*
 * What is asked of ours alone.
 */
#ifndef BENCH_STATE_OURS_H
#define BENCH_STATE_OURS_H

#include "state/traffic.h"

/* Of so many copies, how many had their slot taken meanwhile, so that a read would try again. */
uint64_t ours_count_overtaken(void *opened, struct traffic *traffic, uint64_t reads);

#endif
