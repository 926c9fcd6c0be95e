/*
 * Conditions. A word has two halves that always change together: a sequence, which is the futex and
 * which every signal counts up, and a count of those who have gone to sleep on it, 0 when nobody
 * can be asleep.
 *
 * Who waits counts itself before it gives the lock up, and sleeps on the sequence of that moment.
 * Who signals afterwards sees the count, since the lock lies between. It counts the sequence up and
 * wakes. When that finds nobody left who sleeps, those counted before are awake or will not fall
 * asleep, since their sequence has passed; and if nobody has been counted since, which the whole
 * word tells, the count is set back to 0.
 *
 * A peer may be killed between what it changed and its signal. So those who wait sleep on the epoch
 * of the roster too: when somebody has died all look at what they wait for.
 */
#include <shmbroker/lock.h>

#include <errno.h>
#include <stdbool.h>

#include "base/clock.h"
#include "core/error.h"
#include "core/futex.h"
#include "core/member.h"
#include "core/process.h"
#include "layout/lock_layout.h"

#define RETURN_NS UINT64_C(1000000000) /* to have the lock again, from the deadline on */

static_assert(sizeof(struct shmb_condition) == sizeof(struct condition_layout), "one is the other");

static struct condition_layout *layout_of(struct shmb_condition *condition)
{
	return (struct condition_layout *)condition;
}

static bool may_sleep(uint64_t word)
{
	return word >= CONDITION_SLEEPER;
}

/* Be counted. Returns the sequence to sleep on. */
static uint32_t enter(struct condition_layout *condition)
{
	uint64_t word = atomic_fetch_add_explicit(&condition->word, CONDITION_SLEEPER,
						  memory_order_relaxed);

	/* The count has come round. */
	if (!may_sleep(word + CONDITION_SLEEPER))
		word = atomic_fetch_add_explicit(&condition->word, CONDITION_SLEEPER,
						 memory_order_relaxed);
	return (uint32_t)word;
}

static int await_signal(const struct condition_layout *condition, uint32_t sequence,
			const struct roster *roster, uint32_t epoch, uint64_t deadline)
{
	struct futex_patience patience = futex_patience(deadline);
	const struct futex_word words[] = {
		{futex_low_half(&condition->word), sequence},
		{&roster->shared->epoch, epoch},
	};
	int r;

	do
		r = futex_sleep(words, 2, &patience);
	while (r == FUTEX_STILL);
	return r;
}

static uint64_t later(uint64_t deadline)
{
	uint64_t now = clock_now_ns();
	uint64_t end = deadline < now ? now : deadline;

	return end > SHMB_NO_DEADLINE - RETURN_NS ? SHMB_NO_DEADLINE : end + RETURN_NS;
}

/* Take the lock again, whatever handlers run; WAITED is how the wait ended. */
static int come_back(struct shmb_lock *lock, struct shmb_member *member, uint64_t end, int waited)
{
	int r;

	do {
		r = shmb_lock_acquire(lock, member, end);
		if (r == -EINTR)
			waited = -EINTR;
	} while (r == -EINTR);
	if (r == -ETIMEDOUT)
		return error_say(-EBUSY, "the wait is over, and the lock was not to be had again");
	if (r != 0 || waited == 0)
		return r;
	return error_say(waited, waited == -EINTR
					 ? "a signal handler interrupted the wait for a signal"
					 : "nobody has signalled in time");
}

int shmb_lock_wait(struct shmb_lock *lock, struct shmb_member *member,
		   struct shmb_condition *condition, uint64_t deadline)
{
	uint64_t end = later(deadline);
	uint32_t epoch, sequence;
	int r = process_check(member_process(member));

	if (r < 0)
		return r;
	/* Before the lock is given up: what dies afterwards is noticed. Pairs with the release with
	 * which the broker counts it up. */
	epoch = atomic_load_explicit(&member->roster.shared->epoch, memory_order_acquire);
	sequence = enter(layout_of(condition));
	r = shmb_lock_release(lock, member);
	if (r < 0)
		return r;
	r = await_signal(layout_of(condition), sequence, &member->roster, epoch, deadline);
	return come_back(lock, member, end, r);
}

static void signal_many(struct condition_layout *condition, int n)
{
	uint64_t word = atomic_load_explicit(&condition->word, memory_order_relaxed);

	if (!may_sleep(word))
		return;
	word = atomic_fetch_add_explicit(&condition->word, 1, memory_order_relaxed) + 1;
	if (futex_wake(futex_low_half(&condition->word), n) < n)
		(void)atomic_compare_exchange_strong_explicit(&condition->word, &word,
							      (uint32_t)word, memory_order_relaxed,
							      memory_order_relaxed);
}

void shmb_condition_signal(struct shmb_condition *condition)
{
	signal_many(layout_of(condition), 1);
}

void shmb_condition_broadcast(struct shmb_condition *condition)
{
	signal_many(layout_of(condition), FUTEX_ALL);
}
