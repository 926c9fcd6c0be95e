/*
 * The time by which entries of a cache end: the machine's uptime in milliseconds, with the time
 * that it slept, and the same in all time namespaces.
 *
 * Asking the kernel's page for it takes 21 ns, which is a third of a get. A coarse clock takes 6,
 * and does not go on while the machine sleeps; so how far it is behind is looked at every 100 ms.
 */
#ifndef FORMATS_CACHE_CLOCK_H
#define FORMATS_CACHE_CLOCK_H

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#define CACHE_CLOCK_CHECK_MS 100

struct cache_clock {
	int64_t namespace_ns;        /* by which this process's uptime is ahead of the machine's */
	_Atomic uint64_t lag_ms;     /* of the coarse clock behind the machine's uptime */
	_Atomic uint64_t checked_ms; /* on the coarse clock */
};

/* Reads /proc; where there is none, or an old kernel, there are no time namespaces. */
void cache_clock_init(struct cache_clock *clock);

/* Look at the lag again, NOW_MS being what the coarse clock shows. Returns the lag. */
uint64_t cache_clock_check(struct cache_clock *clock, uint64_t now_ms);

/* Threads: safe. */
static inline uint64_t cache_clock_now(struct cache_clock *clock)
{
	struct timespec now;
	uint64_t coarse, lag;

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	coarse = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	lag = atomic_load_explicit(&clock->lag_ms, memory_order_relaxed);
	if ((int64_t)(coarse - atomic_load_explicit(&clock->checked_ms, memory_order_relaxed)) >=
	    CACHE_CLOCK_CHECK_MS)
		lag = cache_clock_check(clock, coarse);
	return coarse + lag;
}

#endif
