/*
 * Deadlines. A wait is given as a duration once, at the surface, and carried inwards as a point on
 * CLOCK_MONOTONIC, so that interrupted waits do not grow.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>
#include <time.h>

/* Nanoseconds and milliseconds on CLOCK_MONOTONIC. */
static inline uint64_t clock_now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline uint64_t clock_now_ms(void)
{
	return clock_now_ns() / 1000000u;
}

/* A duration as libevent takes it. */
static inline struct timeval clock_timeval(uint64_t ms)
{
	return (struct timeval){.tv_sec = (time_t)(ms / 1000),
				.tv_usec = (suseconds_t)(ms % 1000) * 1000};
}

static inline uint64_t deadline_in_ms(uint64_t duration_ms)
{
	uint64_t deadline;

	if (__builtin_add_overflow(clock_now_ms(), duration_ms, &deadline))
		return UINT64_MAX;
	return deadline;
}

/* What is left until DEADLINE as an argument for poll(2): 0 when it has passed. */
static inline int deadline_left_ms(uint64_t deadline)
{
	uint64_t now = clock_now_ms();

	if (deadline <= now)
		return 0;
	return deadline - now > INT_MAX ? INT_MAX : (int)(deadline - now);
}

#endif
