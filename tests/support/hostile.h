/*
 * Tests of peers that write anything at all into what is shared: how long they go on, and how late
 * a call may then come back.
 *
 *   SHMB_TEST_SECONDS=600   for so long, with nothing else running on the machine
 */
#ifndef SUPPORT_HOSTILE_H
#define SUPPORT_HOSTILE_H

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "support/child.h"
#include "support/eventually.h"

static inline uint64_t hostile_ms(void)
{
	const char *seconds = getenv("SHMB_TEST_SECONDS");

	return seconds ? strtoul(seconds, NULL, 10) * 1000 : 2000;
}

/* A second, or what a test may wait for where others run beside it. */
static inline uint64_t hostile_leeway_ms(void)
{
	return getenv("SHMB_TEST_SECONDS") ? 1000 : PATIENCE_MS;
}

/*
 * Three processes that USE what is shared until UNTIL (as clock_now_ms()), while another writes
 * into it, SCRIBBLE. USE is given its number as a size_t, says 0, hears another number and begins;
 * at the end it says how many milliseconds the longest of its turns took. Returns the longest of
 * all.
 */
int64_t hostile_run(child_fn *use, child_fn *scribble, uint64_t until);

/* Of a call that was to end at DEADLINE. */
static inline void hostile_expect_in_time(uint64_t deadline)
{
	uint64_t now = clock_now_ns();

	if (now > deadline + hostile_leeway_ms() * UINT64_C(1000000))
		ck_abort_msg("%" PRIu64 " us late", (now - deadline) / 1000);
}

#endif
