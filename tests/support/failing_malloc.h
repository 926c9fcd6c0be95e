/*
 * An allocator that fails once: the K-th allocation after it was armed. It is a shared library: to
 * be preloaded into the broker, armed by SHMB_FAIL_ALLOCATION=K, or linked by a test, armed by
 * call.
 */
#ifndef SUPPORT_FAILING_MALLOC_H
#define SUPPORT_FAILING_MALLOC_H

#include <stdbool.h>

/* Let the K-th allocation from now on fail; 0 disarms. */
__attribute__((visibility("default"))) void failing_malloc_arm(long k);

/* Do not count what comes until it is resumed: allocations of the test itself. */
__attribute__((visibility("default"))) void failing_malloc_pause(void);
__attribute__((visibility("default"))) void failing_malloc_resume(void);

/* Whether it has come to that. */
__attribute__((visibility("default"))) bool failing_malloc_fired(void);

#endif
