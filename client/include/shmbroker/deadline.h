/*
 * Deadlines. A wait in shared memory is given the point in time at which it ends, so that a loop of
 * waits, or one that was interrupted, does not grow.
 */
#ifndef SHMBROKER_DEADLINE_H
#define SHMBROKER_DEADLINE_H

#include <stdint.h>

#include <shmbroker/export.h>

SHMB_BEGIN_DECLS

/* Instead of a deadline: none, and one that has passed, with which a call does what can be done
 * without waiting. */
#define SHMB_NO_DEADLINE UINT64_MAX
#define SHMB_AT_ONCE     UINT64_C(0)

/*
 * The deadline that is DURATION_MS milliseconds from now. It counts nanoseconds of CLOCK_MONOTONIC
 * as this process sees it, so it means nothing to another process and stands still while the
 * machine sleeps.
 *
 * Threads: safe. Signals: safe. Since 0.1.
 */
SHMB_EXPORT uint64_t shmb_deadline_in_ms(uint64_t duration_ms);

SHMB_END_DECLS

#endif
