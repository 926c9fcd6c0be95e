/*
 * Locks, seen from one process and its threads: every outcome of every call, what is written where,
 * and that a lock which nobody else wants costs no system call.
 */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <shmbroker/error.h>
#include <shmbroker/lock.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attr.h"
#include "core/futex.h"
#include "heavy_sleeper.h"
#include "layout/lock_layout.h"
#include "support/eventually.h"
#include "support/fake_member.h"
#include "support/forbid.h"
#include "support/proc.h"
#include "support/sanitizers.h"
#include "support/says.h"
#include "support/suite.h"

#define THREADS 16
#define ROUNDS  (IS_ASAN || IS_TSAN ? 200 : 2000)
#define SOON    shmb_deadline_in_ms(20)
#define LATER   shmb_deadline_in_ms(PATIENCE_MS)

/* What the kernel does not have. */
static const unsigned ways[] = {0, FUTEX_WAIT2 | FUTEX_WAITV};

static struct fake_roster roster;
static struct shmb_member me, other;
static struct shmb_lock *lock; /* in memory that is shared with children */

static void start(void)
{
	fake_roster_start(&roster, 64);
	me = fake_member_new(&roster);
	other = fake_member_new(&roster);
	lock = mmap(NULL, sizeof(*lock), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(lock, MAP_FAILED);
	futex_forbid(0);
}

static void stop(void)
{
	munmap(lock, sizeof(*lock));
	fake_roster_stop(&roster);
}

static void expect(int result, int wanted)
{
	ck_assert_msg(result == wanted, "%d instead of %d: %s", result, wanted, shmb_last_error());
}

/* A call that another thread makes, and its result. */
struct call {
	pthread_t thread;
	_Atomic pid_t tid;
	int (*function)(struct call *call);
	struct shmb_member *member;
	uint64_t deadline;
	int result;
	char said[128];
};

static int do_acquire(struct call *call)
{
	return shmb_lock_acquire(lock, call->member, call->deadline);
}

static int do_try(struct call *call)
{
	return shmb_lock_try(lock, call->member);
}

static int do_release(struct call *call)
{
	return shmb_lock_release(lock, call->member);
}

static int do_repaired(struct call *call)
{
	return shmb_lock_repaired(lock, call->member);
}

static void *run_call(void *data)
{
	struct call *call = data;

	call->tid = gettid();
	call->result = call->function(call);
	snprintf(call->said, sizeof(call->said), "%s", shmb_last_error());
	return NULL;
}

static void call_start(struct call *call, int (*function)(struct call *),
		       struct shmb_member *member, uint64_t deadline)
{
	*call = (struct call){.function = function, .member = member, .deadline = deadline};
	ck_assert_int_eq(pthread_create(&call->thread, NULL, run_call, call), 0);
}

static void call_await_sleep(struct call *call)
{
	eventually(call->tid && proc_state(call->tid) == 'S');
}

static int call_end(struct call *call)
{
	ck_assert_int_eq(pthread_join(call->thread, NULL), 0);
	return call->result;
}

static int in_another_thread(int (*function)(struct call *), uint64_t deadline)
{
	struct call call;

	call_start(&call, function, &me, deadline);
	return call_end(&call);
}

START_TEST(zeroed_it_can_be_had_and_given_back)
{
	expect(shmb_lock_acquire(lock, &me, SHMB_NO_DEADLINE), 0);
	ck_assert_uint_eq(lock->words[0], me.id);
	expect(shmb_lock_release(lock, &me), 0);
	for (size_t i = 0; i < 3 /* but the roster */; i++)
		ck_assert_uint_eq(lock->words[i], 0);
	expect(shmb_lock_try(lock, &other), 0);
	ck_assert_uint_eq(lock->words[0], other.id);
	expect(shmb_lock_release(lock, &other), 0);
	expect(shmb_lock_acquire(lock, &me, SHMB_AT_ONCE), 0);
	expect(shmb_lock_release(lock, &me), 0);
}
END_TEST

START_TEST(what_another_has_is_not_to_be_had)
{
	uint64_t deadline = SOON;

	futex_forbid(ways[_i]);
	expect(shmb_lock_acquire(lock, &other, SHMB_NO_DEADLINE), 0);
	expect(shmb_lock_try(lock, &me), -EBUSY);
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "the lock is held by member"));
	expect(shmb_lock_acquire(lock, &me, SHMB_AT_ONCE), -ETIMEDOUT);
	/* Whoever did not wait has left no word of it. */
	ck_assert_uint_eq(lock->words[0], other.id);
	expect(shmb_lock_acquire(lock, &me, 1), -ETIMEDOUT);
	expect(shmb_lock_acquire(lock, &me, deadline), -ETIMEDOUT);
	ck_assert_uint_ge(clock_now_ns(), deadline);
	expect(shmb_lock_release(lock, &other), 0);
	expect(shmb_lock_try(lock, &me), 0);
}
END_TEST

START_TEST(who_waits_gets_it_when_it_is_given_back)
{
	struct call call;

	futex_forbid(ways[_i]);
	for (unsigned round = 0; round < 20; round++) {
		expect(shmb_lock_acquire(lock, &me, LATER), 0);
		call_start(&call, do_acquire, &other, LATER);
		call_await_sleep(&call);
		expect(shmb_lock_release(lock, &me), 0);
		expect(call_end(&call), 0);
		/* Others may have slept beside it. */
		ck_assert_uint_eq(lock->words[0], other.id | LOCK_WAITERS);
		lock->words[0] = 0; /* its thread is gone */
	}
}
END_TEST

START_TEST(who_gives_it_back_wakes_one_that_sleeps)
{
	struct heavy_sleeper sleepers[2];

	expect(shmb_lock_acquire(lock, &me, LATER), 0);
	lock->words[0] |= LOCK_WAITERS;
	for (size_t i = 0; i < ARRAY_SIZE(sleepers); i++)
		heavy_sleeper_start(&sleepers[i], &lock->words[0]);
	expect(shmb_lock_release(lock, &me), 0);
	eventually(sleepers[0].is_awake || sleepers[1].is_awake);
	ck_assert_int_eq(futex_wake(sleepers[0].word.word, FUTEX_ALL), 1);
	for (size_t i = 0; i < ARRAY_SIZE(sleepers); i++)
		heavy_sleeper_end(&sleepers[i]);
}
END_TEST

/* It may have been woken in the place of another. */
START_TEST(who_gives_up_wakes_one_that_sleeps)
{
	struct heavy_sleeper sleeper;

	expect(shmb_lock_acquire(lock, &other, LATER), 0);
	lock->words[0] |= LOCK_WAITERS;
	heavy_sleeper_start(&sleeper, &lock->words[0]);
	expect(shmb_lock_acquire(lock, &me, SOON), -ETIMEDOUT);
	heavy_sleeper_end(&sleeper);
}
END_TEST

START_TEST(a_thread_that_has_it_cannot_have_it_again)
{
	expect(shmb_lock_acquire(lock, &me, LATER), 0);
	expect(shmb_lock_acquire(lock, &me, LATER), -EDEADLK);
	says("this thread has the lock already");
	expect(shmb_lock_acquire(lock, &me, SHMB_AT_ONCE), -EDEADLK);
	expect(shmb_lock_try(lock, &me), -EDEADLK);
	expect(shmb_lock_release(lock, &me), 0);
	expect(shmb_lock_try(lock, &me), 0);
}
END_TEST

START_TEST(threads_of_a_process_are_strangers)
{
	expect(shmb_lock_acquire(lock, &me, LATER), 0);
	expect(in_another_thread(do_try, 0), -EBUSY);
	expect(in_another_thread(do_acquire, SOON), -ETIMEDOUT);
	expect(in_another_thread(do_release, 0), -EPERM);
	expect(in_another_thread(do_repaired, 0), -EPERM);
	expect(shmb_lock_release(lock, &me), 0);
	expect(in_another_thread(do_try, 0), 0);
	/* And it stays locked, as its thread has left it. */
	expect(shmb_lock_acquire(lock, &me, SOON), -ETIMEDOUT);
	expect(shmb_lock_release(lock, &me), -EPERM);
	says("another thread of this process has the lock");
}
END_TEST

/* As another thread of this process leaves it between its first two steps. */
START_TEST(a_thread_that_had_it_is_not_the_one_that_has_it)
{
	expect(shmb_lock_acquire(lock, &me, LATER), 0);
	expect(shmb_lock_release(lock, &me), 0);
	lock->words[0] = me.id;
	expect(shmb_lock_acquire(lock, &me, SOON), -ETIMEDOUT);
	expect(shmb_lock_release(lock, &me), -EPERM);
	ck_assert_uint_eq(lock->words[0] & ~LOCK_WAITERS, me.id);
}
END_TEST

START_TEST(who_does_not_have_it_cannot_give_it_back)
{
	expect(shmb_lock_release(lock, &me), -ENOLCK);
	expect(shmb_lock_repaired(lock, &me), -ENOLCK);
	expect(shmb_lock_acquire(lock, &other, LATER), 0);
	expect(shmb_lock_release(lock, &me), -ENOLCK);
	expect(shmb_lock_release(lock, &other), 0);
	expect(shmb_lock_release(lock, &other), -ENOLCK);
}
END_TEST

START_TEST(a_lock_that_was_lost_is_told)
{
	static const uint64_t values[] = {0, LOCK_WAITERS, UINT64_MAX, 12345};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		memset(lock, 0, sizeof(*lock));
		expect(shmb_lock_acquire(lock, &me, LATER), 0);
		lock->words[0] = values[i];
		expect(shmb_lock_release(lock, &me), -ENOLCK);
		ck_assert_uint_eq(lock->words[0], values[i]);
	}
}
END_TEST

START_TEST(the_next_one_is_told_of_a_death)
{
	expect(shmb_lock_acquire(lock, &other, LATER), 0);
	fake_roster_bury(&roster, other.id);
	expect(_i ? shmb_lock_try(lock, &me) : shmb_lock_acquire(lock, &me, LATER),
	       SHMB_OWNER_DIED);
	expect(shmb_lock_acquire(lock, &me, LATER), -EDEADLK);
	expect(shmb_lock_repaired(lock, &me), 0);
	expect(shmb_lock_repaired(lock, &me), -EINVAL);
	says("there was nothing to repair");
	expect(shmb_lock_release(lock, &me), 0);
	expect(shmb_lock_acquire(lock, &me, LATER), 0);
	expect(shmb_lock_repaired(lock, &me), -EINVAL);
}
END_TEST

START_TEST(who_sleeps_is_woken_by_a_death)
{
	struct call call;

	expect(shmb_lock_acquire(lock, &other, LATER), 0);
	call_start(&call, do_acquire, &me, LATER);
	call_await_sleep(&call);
	/* Of somebody else's death: it looks, and sleeps again. */
	eventually(fake_roster_announce(&roster) == 1);
	fake_roster_bury(&roster, other.id);
	expect(call_end(&call), SHMB_OWNER_DIED);
}
END_TEST

/* A broker that did not come to announce it, or a kernel that waits for one word. */
START_TEST(who_sleeps_sees_a_death_by_itself)
{
	struct call call;

	futex_forbid(ways[_i]);
	expect(shmb_lock_acquire(lock, &other, LATER), 0);
	call_start(&call, do_acquire, &me, LATER);
	call_await_sleep(&call);
	fake_roster_mark_dead(&roster, other.id);
	expect(call_end(&call), SHMB_OWNER_DIED);
}
END_TEST

START_TEST(what_nobody_repaired_is_of_no_use_any_more)
{
	struct call waiting[2];

	expect(shmb_lock_acquire(lock, &other, LATER), 0);
	fake_roster_bury(&roster, other.id);
	expect(shmb_lock_acquire(lock, &me, LATER), SHMB_OWNER_DIED);
	for (size_t i = 0; i < ARRAY_SIZE(waiting); i++) {
		call_start(&waiting[i], do_acquire, &me, LATER);
		call_await_sleep(&waiting[i]);
	}
	expect(shmb_lock_release(lock, &me), 0);
	for (size_t i = 0; i < ARRAY_SIZE(waiting); i++)
		expect(call_end(&waiting[i]), -ENOTRECOVERABLE);
	expect(shmb_lock_acquire(lock, &me, LATER), -ENOTRECOVERABLE);
	says("an owner of the lock died, and the next one released it");
	expect(shmb_lock_try(lock, &me), -ENOTRECOVERABLE);
	expect(shmb_lock_release(lock, &me), -ENOLCK);
	ck_assert_uint_eq(lock->words[0], 0);
}
END_TEST

/* A death after death: the one that took over dies before it has repaired anything, at any step. */
START_TEST(a_death_of_who_took_over_is_told_too)
{
	struct shmb_member third = fake_member_new(&roster);

	expect(shmb_lock_acquire(lock, &other, LATER), 0);
	fake_roster_bury(&roster, other.id);
	if (_i == 0)
		expect(shmb_lock_acquire(lock, &third, LATER), SHMB_OWNER_DIED);
	else
		lock->words[0] = third.id | LOCK_WAITERS;
	fake_roster_bury(&roster, third.id);
	expect(shmb_lock_acquire(lock, &me, LATER), SHMB_OWNER_DIED);
	expect(shmb_lock_repaired(lock, &me), 0);
	expect(shmb_lock_release(lock, &me), 0);
}
END_TEST

START_TEST(a_death_does_not_make_good_what_is_unrecoverable)
{
	expect(shmb_lock_acquire(lock, &other, LATER), 0);
	lock->words[2] = LOCK_UNRECOVERABLE;
	fake_roster_bury(&roster, other.id);
	expect(shmb_lock_acquire(lock, &me, LATER), -ENOTRECOVERABLE);
	ck_assert_uint_eq(lock->words[0], 0);
}
END_TEST

/* A slot's next member is not the one before. */
START_TEST(an_owner_is_dead_also_when_its_slot_has_another)
{
	uint64_t slot_again;

	expect(shmb_lock_acquire(lock, &other, LATER), 0);
	fake_roster_mark_dead(&roster, other.id);
	do
		slot_again = fake_roster_admit(&roster);
	while (roster_slot(slot_again) != roster_slot(other.id));
	expect(shmb_lock_acquire(lock, &me, LATER), SHMB_OWNER_DIED);
}
END_TEST

START_TEST(an_owner_that_was_never_a_member_is_dead)
{
	const uint64_t values[] = {
		UINT64_MAX,
		12345,
		roster_id(1, 0) - 2,
		roster_id(9, 3),
		roster_id(1, 64),
		roster_id(1, UINT32_MAX >> 1) | LOCK_WAITERS,
		me.id + (UINT64_C(1) << 32),
		other.id | UINT32_C(0x80000000),
	};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		memset(lock, 0, sizeof(*lock));
		lock->words[0] = values[i];
		expect(shmb_lock_acquire(lock, &me, LATER), SHMB_OWNER_DIED);
		expect(shmb_lock_repaired(lock, &me), 0);
		expect(shmb_lock_release(lock, &me), 0);
	}
}
END_TEST

/* Which nobody leaves so. */
START_TEST(the_bit_of_waiters_alone_is_nobody)
{
	lock->words[0] = LOCK_WAITERS;
	expect(_i ? shmb_lock_try(lock, &me) : shmb_lock_acquire(lock, &me, LATER), 0);
	ck_assert_uint_eq(lock->words[0], me.id | LOCK_WAITERS);
	expect(shmb_lock_release(lock, &me), 0);
	ck_assert_uint_eq(lock->words[0], 0);
}
END_TEST

START_TEST(a_condition_that_makes_no_sense_is_beyond_repair)
{
	static const uint64_t values[] = {LOCK_UNRECOVERABLE, 3, UINT64_MAX};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		lock->words[2] = values[i];
		expect(shmb_lock_acquire(lock, &me, LATER), -ENOTRECOVERABLE);
		ck_assert_uint_eq(lock->words[0], 0);
		ck_assert_uint_eq(lock->words[1], 0);
	}
	/* Whoever writes it under an owner cannot keep him from saying that he knows better. */
	lock->words[2] = 0;
	expect(shmb_lock_acquire(lock, &me, LATER), 0);
	lock->words[2] = 3;
	expect(shmb_lock_repaired(lock, &me), 0);
	expect(shmb_lock_release(lock, &me), 0);
	expect(shmb_lock_acquire(lock, &me, LATER), 0);
	lock->words[2] = 3;
	expect(shmb_lock_release(lock, &me), 0);
	expect(shmb_lock_acquire(lock, &me, LATER), -ENOTRECOVERABLE);
}
END_TEST

static void on_signal(int number)
{
	(void)number;
}

START_TEST(a_signal_handler_ends_a_wait)
{
	const struct sigaction action = {.sa_handler = on_signal};
	struct call call;

	futex_forbid(ways[_i]);
	ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
	expect(shmb_lock_acquire(lock, &other, LATER), 0);
	call_start(&call, do_acquire, &me, LATER);
	call_await_sleep(&call);
	eventually(pthread_tryjoin_np(call.thread, NULL) == 0 ||
		   pthread_kill(call.thread, SIGUSR1) != 0);
	ck_assert_int_eq(call.result, -EINTR);
	ck_assert_ptr_nonnull(
		strstr(call.said, "a signal handler interrupted the wait for the lock"));
	expect(shmb_lock_release(lock, &other), 0);
}
END_TEST

/* The memory of a handle is not mapped in a child: nothing of it may be touched. */
START_TEST(a_forked_child_has_nothing_to_do_with_it)
{
	struct shmb_lock *nowhere;
	int status;
	pid_t pid;

	expect(shmb_lock_acquire(lock, &me, LATER), 0);
	nowhere = mmap(NULL, sizeof(*lock), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		fake_roster_stop(&roster);
		expect(shmb_lock_acquire(nowhere, &me, LATER), -EOWNERDEAD);
		expect(shmb_lock_acquire(nowhere, &me, SHMB_AT_ONCE), -EOWNERDEAD);
		expect(shmb_lock_try(nowhere, &me), -EOWNERDEAD);
		expect(shmb_lock_release(nowhere, &me), -EOWNERDEAD);
		expect(shmb_lock_repaired(nowhere, &me), -EOWNERDEAD);
		ck_assert_ptr_nonnull(strstr(shmb_last_error(), "forked"));
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	expect(shmb_lock_release(lock, &me), 0);
}
END_TEST

START_TEST(without_contention_there_is_no_system_call)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct shmb_member child = fake_member_new(&roster);
		struct shmb_condition condition = {{0}};
		int r = shmb_lock_acquire(lock, &child, LATER);

		r |= shmb_lock_release(lock, &child);
		forbid_all_calls();
		for (unsigned i = 0; i < ROUNDS; i++) {
			r |= shmb_lock_acquire(lock, &child, SHMB_NO_DEADLINE);
			shmb_condition_signal(&condition);
			r |= shmb_lock_release(lock, &child);
			shmb_condition_broadcast(&condition);
			r |= shmb_lock_try(lock, &child);
			r |= shmb_lock_release(lock, &child);
		}
		(void)syscall(SYS_exit_group, r != 0); /* _exit(2) is more than that under asan */
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* What the lock guards: not atomic, so that a sanitizer sees who is inside together. */
static uint64_t counter;
static struct shmb_condition changed;

/* Every way to have it. */
static int have(struct shmb_member *member, unsigned way)
{
	int r;

	switch (way % 4) {
	case 0:
		do
			r = shmb_lock_try(lock, member);
		while (r == -EBUSY);
		return r;
	case 1:
		do
			r = shmb_lock_acquire(lock, member, shmb_deadline_in_ms(1));
		while (r == -ETIMEDOUT);
		return r;
	case 2:
		expect(shmb_lock_acquire(lock, member, LATER), 0);
		r = shmb_lock_wait(lock, member, &changed, shmb_deadline_in_ms(1));
		return r == -ETIMEDOUT ? 0 : r;
	default:
		return shmb_lock_acquire(lock, member, LATER);
	}
}

static void *count(void *data)
{
	struct shmb_member *member = data;

	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned way = round % 64 == 0 ? 2 : round % 2 ? 3 : round / 2 % 2;

		expect(have(member, way), 0);
		counter++;
		if (round % 8 == 0)
			shmb_condition_broadcast(&changed);
		else
			shmb_condition_signal(&changed);
		expect(shmb_lock_release(lock, member), 0);
	}
	return NULL;
}

START_TEST(threads_of_any_members_exclude_each_other)
{
	pthread_t threads[THREADS];

	futex_forbid(ways[_i]);
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, count, i % 3 ? &me : &other), 0);
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_uint_eq(counter, THREADS * ROUNDS);
	ck_assert_uint_eq(lock->words[0], 0);
}
END_TEST

/* What a broker that began anew would have made: the same ids may mean others there. */
START_TEST(a_lock_of_another_roster_is_left_alone)
{
	struct shmb_member stranger = other;
	uint64_t words[4];

	expect(shmb_lock_acquire(lock, &me, SOON), 0);
	stranger.roster.tag += 2;
	stranger.roster.n_slots = 0; /* by which nobody lives */
	memcpy(words, lock->words, sizeof(words));
	expect(shmb_lock_acquire(lock, &stranger, SOON), -ESTALE);
	says("the lock is of members of another roster, as the broker had");
	expect(shmb_lock_try(lock, &stranger), -ESTALE);
	ck_assert_mem_eq(words, lock->words, sizeof(words)); /* whoever has it goes on */
	expect(shmb_lock_release(lock, &me), 0);
	expect(shmb_lock_acquire(lock, &stranger, SOON), -ESTALE);
	expect(shmb_lock_try(lock, &stranger), -ESTALE);
	expect(shmb_lock_acquire(lock, &other, SOON), 0);
	expect(shmb_lock_release(lock, &other), 0);
}
END_TEST

#define NEW_LOCKS (100u * ROUNDS)

/* Take what can be had of many locks that nobody has used, each at the same time as the other. */
struct collector {
	struct shmb_member *member;
	struct shmb_lock *locks;
	bool *had;
	_Atomic size_t *at;
	const _Atomic size_t *other_at;
};

static void *collect(void *data)
{
	const struct collector *collector = data;

	for (size_t i = 0; i < NEW_LOCKS; i++) {
		*collector->at = i;
		for (unsigned n = 0; *collector->other_at < i; n++)
			if (n > 1000)
				(void)sched_yield();
		collector->had[i] = shmb_lock_try(&collector->locks[i], collector->member) >= 0;
	}
	*collector->at = NEW_LOCKS;
	return NULL;
}

/* Two who take each other for dead are never both in. */
START_TEST(of_two_rosters_one_has_a_new_lock)
{
	struct shmb_lock *locks = aligned_alloc(sizeof(*locks), NEW_LOCKS * sizeof(*locks));
	bool *ours = calloc(NEW_LOCKS, sizeof(*ours)), *theirs = calloc(NEW_LOCKS, sizeof(*theirs));
	struct shmb_member stranger = other;
	_Atomic size_t at = 0, other_at = 0;
	struct collector our_side = {&me, locks, ours, &at, &other_at};
	struct collector other_side = {&stranger, locks, theirs, &other_at, &at};
	pthread_t thread;

	ck_assert(locks && ours && theirs);
	memset(locks, 0, NEW_LOCKS * sizeof(*locks));
	me.roster.n_slots = stranger.roster.n_slots = 0; /* for each the other does not live */
	stranger.roster.tag += 2;
	ck_assert_int_eq(pthread_create(&thread, NULL, collect, &other_side), 0);
	(void)collect(&our_side);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	for (size_t i = 0; i < NEW_LOCKS; i++)
		if (ours[i] == theirs[i])
			ck_abort_msg("%s have lock %zu", ours[i] ? "both" : "none", i);
	free(locks);
	free(ours);
	free(theirs);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lock");
	TCase *tests = tcase_create("lock");
	const int n = ARRAY_SIZE(ways);

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_test(tests, zeroed_it_can_be_had_and_given_back);
	tcase_add_loop_test(tests, what_another_has_is_not_to_be_had, 0, n);
	tcase_add_loop_test(tests, who_waits_gets_it_when_it_is_given_back, 0, n);
	tcase_add_test(tests, who_gives_it_back_wakes_one_that_sleeps);
	tcase_add_test(tests, who_gives_up_wakes_one_that_sleeps);
	tcase_add_test(tests, a_thread_that_has_it_cannot_have_it_again);
	tcase_add_test(tests, threads_of_a_process_are_strangers);
	tcase_add_test(tests, a_thread_that_had_it_is_not_the_one_that_has_it);
	tcase_add_test(tests, who_does_not_have_it_cannot_give_it_back);
	tcase_add_test(tests, a_lock_that_was_lost_is_told);
	tcase_add_loop_test(tests, the_next_one_is_told_of_a_death, 0, 2);
	tcase_add_test(tests, who_sleeps_is_woken_by_a_death);
	tcase_add_loop_test(tests, who_sleeps_sees_a_death_by_itself, 0, n);
	tcase_add_test(tests, what_nobody_repaired_is_of_no_use_any_more);
	tcase_add_loop_test(tests, a_death_of_who_took_over_is_told_too, 0, 2);
	tcase_add_test(tests, a_death_does_not_make_good_what_is_unrecoverable);
	tcase_add_test(tests, an_owner_is_dead_also_when_its_slot_has_another);
	tcase_add_test(tests, an_owner_that_was_never_a_member_is_dead);
	tcase_add_loop_test(tests, the_bit_of_waiters_alone_is_nobody, 0, 2);
	tcase_add_test(tests, a_condition_that_makes_no_sense_is_beyond_repair);
	tcase_add_loop_test(tests, a_signal_handler_ends_a_wait, 0, n);
	tcase_add_test(tests, a_forked_child_has_nothing_to_do_with_it);
	tcase_add_test(tests, a_lock_of_another_roster_is_left_alone);
	tcase_add_test(tests, of_two_rosters_one_has_a_new_lock);
	if (!IS_TSAN)
		tcase_add_test(tests, without_contention_there_is_no_system_call);
	tcase_add_loop_test(tests, threads_of_any_members_exclude_each_other, 0, n);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
