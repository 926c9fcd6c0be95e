/*
 * Deadlines that programs make; base/clock.h reads the clock.
 */
#include <shmbroker/deadline.h>

#include "base/clock.h"

#define NS_PER_MS UINT64_C(1000000)

/* What would be later than any clock shows is no deadline. */
uint64_t shmb_deadline_in_ms(uint64_t duration_ms)
{
	uint64_t duration, deadline;

	if (__builtin_mul_overflow(duration_ms, NS_PER_MS, &duration) ||
	    __builtin_add_overflow(clock_now_ns(), duration, &deadline))
		return SHMB_NO_DEADLINE;
	return deadline;
}
