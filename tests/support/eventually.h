/*
 * Waiting for what another process does: looked at every 10 ms, up to a deadline that is far beyond
 * what any machine needs. A test that passes waits no longer than it has to.
 */
#ifndef SUPPORT_EVENTUALLY_H
#define SUPPORT_EVENTUALLY_H

#include <check.h>
#include <time.h>

#include "base/clock.h"

#define PATIENCE_MS 20000

/* How much earlier than asked for a timer of the broker may come: its loop reads a coarse clock. */
#define TIMER_GRAIN_MS 10

static inline void eventually_pause(void)
{
	const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};

	(void)nanosleep(&pause, NULL);
}

/* Fail the test unless CONDITION comes true in time. */
#define eventually(condition)                                                                      \
	do {                                                                                       \
		uint64_t until_ = deadline_in_ms(PATIENCE_MS);                                     \
		while (!(condition)) {                                                             \
			ck_assert_msg(deadline_left_ms(until_) > 0, "never came true: %s",         \
				      #condition);                                                 \
			eventually_pause();                                                        \
		}                                                                                  \
	} while (0)

/* Fail the test when CONDITION, which is true, stops being so within MS. */
#define stays_for(ms, condition)                                                                   \
	do {                                                                                       \
		uint64_t until_ = deadline_in_ms(ms);                                              \
		do {                                                                               \
			ck_assert_msg(condition, "did not stay: %s", #condition);                  \
			eventually_pause();                                                        \
		} while (deadline_left_ms(until_) > 0);                                            \
	} while (0)

#endif
