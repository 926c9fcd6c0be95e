/*
 * Sleeping in shared memory, all of it.
 *
 * A wake-up is a hint: it can come without a reason, and a peer who may only read can take it away
 * from who it was for. So no sleep is longer than 250 ms, and whoever wakes looks again:
 *
 *     struct futex_patience patience = futex_patience(deadline);
 *
 *     for (;;) {
 *             value = atomic_load_explicit(&word, memory_order_acquire);
 *             if (what is waited for is there)
 *                     return 0;
 *             r = futex_sleep(&(struct futex_word){&word, value}, 1, &patience);
 *             if (r < 0)
 *                     return r;
 *     }
 *
 * The words may be in memory that is mapped read-only, and are shared between processes.
 */
#ifndef CORE_FUTEX_H
#define CORE_FUTEX_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <shmbroker/deadline.h>

#define FUTEX_WORDS_MAX 2
#define FUTEX_ALL       INT_MAX

/* A word, and the value with which it is slept on. */
struct futex_word {
	const _Atomic uint32_t *word;
	uint32_t value;
};

/* How long somebody goes on waiting. */
struct futex_patience {
	uint64_t deadline; /* as in shmbroker/deadline.h */
	uint64_t bound_ns; /* of the next sleep */
};

/* Not negative are the outcomes of a sleep after which to look again. */
enum futex_outcome {
	FUTEX_STIRRED = 0, /* somebody woke this thread, or a word had another value already */
	FUTEX_STILL = 1,   /* the bound came: nothing is known to have happened */
};

struct futex_patience futex_patience(uint64_t deadline);

/* Whether the deadline has passed; futex_sleep() asks by itself. */
bool futex_is_over(const struct futex_patience *patience);

/*
 * Sleep while each of the N words has its value. The first one is what is waited for; where the
 * kernel waits for one word only (or is not to be asked for more, see futex_forbid()) the others
 * are looked at before and after.
 *
 * Returns an enum futex_outcome; -ETIMEDOUT when the deadline has passed; -EINTR when a signal
 * handler ran that was installed without SA_RESTART, and where the kernel has neither
 * futex_waitv(2) nor futex_wait(2) with any handler.
 */
int futex_sleep(const struct futex_word *words, unsigned n, struct futex_patience *patience);

/* Wake at most N of those that sleep on WORD. Returns how many that were. Safe in signal handlers.
 */
int futex_wake(const _Atomic uint32_t *word, int n);

/* The half of a 64-bit word that a futex can be. */
static inline const _Atomic uint32_t *futex_low_half(const _Atomic uint64_t *word)
{
	_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the low half comes first");
	return (const _Atomic uint32_t *)word;
}

/* The ways to sleep, from the best down. */
enum futex_way {
	FUTEX_WAITV = 1, /* futex_waitv(2), Linux 5.16: several words */
	FUTEX_WAIT2 = 2, /* futex_wait(2), Linux 6.7: one word, for less */
};

/* For tests: act as where the kernel does not have these WAYS. */
void futex_forbid(unsigned ways);

/* For tests: no sleep ends by itself before its deadline, so that a wake-up that is lost shows. */
void futex_rely_on_wakes(bool relies);

#endif
