/*
 * Looking again at what nothing tells of: whether a client reads, whether the kernel lets a
 * descriptor out.
 */
#ifndef SERVER_LOOK_H
#define SERVER_LOOK_H

#include <stdint.h>
#include <sys/time.h>

#include "base/clock.h"

/* The next time after as long as it has been waited for, since SINCE_MS, but between 1 and 100 ms.
 */
static inline struct timeval look_again_in(uint64_t since_ms)
{
	uint64_t waited_ms = clock_now_ms() - since_ms;

	return clock_timeval(waited_ms < 1 ? 1 : waited_ms > 100 ? 100 : waited_ms);
}

#endif
