/*
 * Three system calls wait for a futex, and differ in what they do when a signal comes.
 * futex_waitv(2) and futex_wait(2) are started again by the kernel where the handler says so
 * (SA_RESTART), with the same end. FUTEX_WAIT_BITSET of futex(2), which every kernel has, fails
 * with EINTR after any handler, as soon as it is given an end. So it is the last choice.
 *
 * futex_waitv(2) costs a fifth more than the others: for one word it is the second choice.
 *
 * Which of them there are is found out by using them, since a filter of seccomp can also come
 * later. Each is tried until it has once failed as one that is not there does, or is not allowed.
 */
#include "core/futex.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#ifndef SYS_futex_wait
#define SYS_futex_wait 455
#endif

#define BOUND_FIRST_NS UINT64_C(10000000)
#define BOUND_LAST_NS  UINT64_C(250000000)

/* Ways that are not there. Relaxed: whoever does not know yet finds out. */
static _Atomic unsigned missing;

void futex_forbid(unsigned ways)
{
	atomic_store_explicit(&missing, ways, memory_order_relaxed);
}

/* Relaxed: it is for tests, which set it before anybody sleeps. */
static _Atomic bool relies_on_wakes;

void futex_rely_on_wakes(bool relies)
{
	atomic_store_explicit(&relies_on_wakes, relies, memory_order_relaxed);
}

static bool may_use(enum futex_way way)
{
	return !(atomic_load_explicit(&missing, memory_order_relaxed) & way);
}

/* Whether R says that WAY is not there; from then on it is not asked again. A filter that does not
 * know a call says EPERM. */
static bool is_missing(enum futex_way way, int r)
{
	if (r != -ENOSYS && r != -EPERM)
		return false;
	(void)atomic_fetch_or_explicit(&missing, way, memory_order_relaxed);
	return true;
}

static int result(long r)
{
	return r < 0 ? -errno : 0;
}

static int wait_for_many(const struct futex_word *words, unsigned n, const struct timespec *end)
{
	struct futex_waitv list[FUTEX_WORDS_MAX] = {0};

	for (unsigned i = 0; i < n; i++) {
		list[i].uaddr = (uintptr_t)words[i].word;
		list[i].val = words[i].value;
		list[i].flags = FUTEX_32;
	}
	return result(syscall(SYS_futex_waitv, list, n, 0, end, CLOCK_MONOTONIC));
}

static int wait_for_one(const struct futex_word *word, const struct timespec *end)
{
	return result(syscall(SYS_futex_wait, word->word, (unsigned long)word->value,
			      (unsigned long)FUTEX_BITSET_MATCH_ANY, FUTEX_32, end,
			      CLOCK_MONOTONIC));
}

/* The end is absolute, and on CLOCK_MONOTONIC without FUTEX_CLOCK_REALTIME. */
static int wait_as_ever(const struct futex_word *word, const struct timespec *end)
{
	return result(syscall(SYS_futex, word->word, FUTEX_WAIT_BITSET, word->value, end, NULL,
			      FUTEX_BITSET_MATCH_ANY));
}

static bool has_changed(const struct futex_word *words, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (atomic_load_explicit(words[i].word, memory_order_relaxed) != words[i].value)
			return true;
	return false;
}

static int wait_until(const struct futex_word *words, unsigned n, const struct timespec *end)
{
	int r;

	if (n == 1 && may_use(FUTEX_WAIT2)) {
		r = wait_for_one(words, end);
		if (!is_missing(FUTEX_WAIT2, r))
			return r;
	}
	if (may_use(FUTEX_WAITV)) {
		r = wait_for_many(words, n, end);
		if (!is_missing(FUTEX_WAITV, r))
			return r;
	}
	return has_changed(words + 1, n - 1) ? -EAGAIN : wait_as_ever(words, end);
}

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){.tv_sec = (time_t)(ns / 1000000000),
				 .tv_nsec = (long)(ns % 1000000000)};
}

struct futex_patience futex_patience(uint64_t deadline)
{
	return (struct futex_patience){.deadline = deadline, .bound_ns = BOUND_FIRST_NS};
}

bool futex_is_over(const struct futex_patience *patience)
{
	return patience->deadline <= clock_now_ns();
}

static void be_more_patient(struct futex_patience *patience)
{
	patience->bound_ns *= 2;
	if (patience->bound_ns > BOUND_LAST_NS)
		patience->bound_ns = BOUND_LAST_NS;
}

int futex_sleep(const struct futex_word *words, unsigned n, struct futex_patience *patience)
{
	uint64_t now = clock_now_ns();
	uint64_t end = now + patience->bound_ns;
	struct timespec end_time;
	int r;

	if (patience->deadline <= now)
		return -ETIMEDOUT;
	if (end > patience->deadline ||
	    atomic_load_explicit(&relies_on_wakes, memory_order_relaxed))
		end = patience->deadline;
	end_time = timespec_of(end);
	r = wait_until(words, n, &end_time);
	switch (r) {
	case 0:
	case -EAGAIN:
		patience->bound_ns = BOUND_FIRST_NS;
		return FUTEX_STIRRED;
	case -EINTR:
		return -EINTR;
	case -ETIMEDOUT:
		break;
	default:
		/* A word that the kernel takes for none, or no memory: sleep without it. By the
		 * bare call, since libc's is a point where a thread can be cancelled. */
		(void)syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &end_time, NULL);
		break;
	}
	be_more_patient(patience);
	return FUTEX_STILL;
}

int futex_wake(const _Atomic uint32_t *word, int n)
{
	int saved = errno;
	long woken = syscall(SYS_futex, word, FUTEX_WAKE, n);

	errno = saved;
	return woken < 0 ? 0 : (int)woken;
}
