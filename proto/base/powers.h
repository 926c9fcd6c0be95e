/*
 * Powers of two.
 */
#ifndef BASE_POWERS_H
#define BASE_POWERS_H

#include <stdbool.h>
#include <stdint.h>

static inline bool is_power_of_two(uint64_t n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

/* The first one from LEAST on, which is one, that is no less than N, which is at most 2^63. */
static inline uint64_t power_of_two_from(uint64_t least, uint64_t n)
{
	uint64_t power = least;

	while (power < n)
		power *= 2;
	return power;
}

#endif
