/*
 * Conditions: every outcome of a wait, who is woken by what, and that no wake-up is lost under
 * load.
 */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <shmbroker/error.h>
#include <shmbroker/lock.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attr.h"
#include "heavy_sleeper.h"
#include "layout/lock_layout.h"
#include "support/child.h"
#include "support/eventually.h"
#include "support/fake_member.h"
#include "support/sanitizers.h"
#include "support/says.h"
#include "support/suite.h"

#define PLAYERS   4
#define TURNS     4000
#define ITEMS     (IS_ASAN || IS_TSAN ? 2000 : 20000)
#define PRODUCERS 2
#define CONSUMERS 3
#define SOON      shmb_deadline_in_ms(20)
#define LATER     shmb_deadline_in_ms(PATIENCE_MS)

/* What the kernel does not have. */
static const unsigned ways[] = {0, FUTEX_WAIT2 | FUTEX_WAITV};

/* What processes share; the numbers are guarded. */
struct shared {
	struct shmb_lock lock;
	struct shmb_condition condition;
	struct shmb_condition room;
	uint64_t number;
	uint64_t n_made, n_taken;
};

static struct fake_roster roster;
static struct shmb_member me, other;
static struct shared *shared;

static void start(void)
{
	fake_roster_start(&roster, 64);
	me = fake_member_new(&roster);
	other = fake_member_new(&roster);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
	futex_forbid(0);
}

static void stop(void)
{
	munmap(shared, sizeof(*shared));
	fake_roster_stop(&roster);
}

static void expect(int result, int wanted)
{
	ck_assert_msg(result == wanted, "%d instead of %d: %s", result, wanted, shmb_last_error());
}

static void have(struct shmb_member *member)
{
	expect(shmb_lock_acquire(&shared->lock, member, LATER), 0);
}

static void give(struct shmb_member *member)
{
	expect(shmb_lock_release(&shared->lock, member), 0);
}

static int await(struct shmb_member *member, uint64_t deadline)
{
	return shmb_lock_wait(&shared->lock, member, &shared->condition, deadline);
}

/* Somebody who waits once, with the lock, which it gives back if it has it again. */
struct waiter {
	pthread_t thread;
	struct shmb_member *member;
	uint64_t deadline;
	_Atomic bool has_lock;
	int result;
	char said[128];
	int released;
};

static void *wait_once(void *data)
{
	struct waiter *waiter = data;

	have(waiter->member);
	waiter->has_lock = true;
	waiter->result = await(waiter->member, waiter->deadline);
	snprintf(waiter->said, sizeof(waiter->said), "%s", shmb_last_error());
	waiter->released = shmb_lock_release(&shared->lock, waiter->member);
	return NULL;
}

/* When this returns it has given the lock up, and is asleep or will not fall asleep any more. */
static void waiter_start(struct waiter *waiter, struct shmb_member *member, uint64_t deadline)
{
	*waiter = (struct waiter){.member = member, .deadline = deadline};
	ck_assert_int_eq(pthread_create(&waiter->thread, NULL, wait_once, waiter), 0);
	eventually(waiter->has_lock);
	have(&me);
	give(&me);
}

static int waiter_end(struct waiter *waiter)
{
	ck_assert_int_eq(pthread_join(waiter->thread, NULL), 0);
	return waiter->result;
}

START_TEST(a_signal_ends_a_wait)
{
	struct waiter waiter;

	futex_forbid(ways[_i]);
	for (unsigned round = 0; round < 20; round++) {
		waiter_start(&waiter, &other, LATER);
		if (round % 2)
			shmb_condition_signal(&shared->condition);
		else
			shmb_condition_broadcast(&shared->condition);
		expect(waiter_end(&waiter), 0);
		expect(waiter.released, 0);
	}
}
END_TEST

START_TEST(a_wait_ends_at_its_deadline_with_the_lock)
{
	uint64_t deadlines[] = {SHMB_AT_ONCE, 1, SOON};

	futex_forbid(ways[_i]);
	for (size_t i = 0; i < ARRAY_SIZE(deadlines); i++) {
		have(&me);
		expect(await(&me, deadlines[i]), -ETIMEDOUT);
		says("nobody has signalled in time");
		ck_assert_uint_ge(clock_now_ns(), deadlines[i]);
		give(&me);
	}
}
END_TEST

START_TEST(who_cannot_have_the_lock_again_is_told)
{
	struct waiter waiter;
	uint64_t deadline;

	do {
		deadline = shmb_deadline_in_ms(300);
		waiter_start(&waiter, &other, deadline);
		have(&me);
		(void)waiter_end(&waiter);
		give(&me);
	} while (waiter.result == -ETIMEDOUT); /* its wait was over before it could be kept out */
	expect(waiter.result, -EBUSY);
	ck_assert_ptr_nonnull(
		strstr(waiter.said, "the wait is over, and the lock was not to be had again"));
	expect(waiter.released, -ENOLCK);
	ck_assert_uint_ge(clock_now_ns(), deadline + UINT64_C(1000000000));
}
END_TEST

static _Atomic bool is_over;

static void *take_again_and_again(void *data)
{
	struct shmb_member *member = data;

	while (!is_over) {
		have(member);
		give(member);
	}
	return NULL;
}

/* A second from now on where it is long past. */
START_TEST(after_a_deadline_there_is_time_to_come_back)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, take_again_and_again, &other), 0);
	for (unsigned i = 0; i < 20000; i++) {
		have(&me);
		expect(await(&me, SHMB_AT_ONCE), -ETIMEDOUT);
		give(&me);
	}
	is_over = true;
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

START_TEST(who_does_not_have_the_lock_cannot_wait)
{
	expect(await(&me, LATER), -ENOLCK);
	says("this process does not have the lock");
	have(&other);
	expect(await(&me, LATER), -ENOLCK);
	give(&other);
	have(&me);
	/* As if another thread had it. */
	shared->lock.words[1]++;
	expect(await(&me, LATER), -EPERM);
}
END_TEST

/* To wait is to give the lock up. */
START_TEST(a_wait_without_a_repair_spoils_the_lock)
{
	have(&other);
	fake_roster_bury(&roster, other.id);
	expect(shmb_lock_acquire(&shared->lock, &me, LATER), SHMB_OWNER_DIED);
	expect(await(&me, SOON), -ENOTRECOVERABLE);
	expect(shmb_lock_release(&shared->lock, &me), -ENOLCK);
}
END_TEST

START_TEST(who_comes_back_is_told_of_a_death)
{
	struct shmb_member third = fake_member_new(&roster);
	struct waiter waiter;

	waiter_start(&waiter, &other, LATER);
	have(&third);
	shmb_condition_signal(&shared->condition);
	fake_roster_bury(&roster, third.id);
	expect(waiter_end(&waiter), SHMB_OWNER_DIED);
	expect(waiter.released, 0);
}
END_TEST

static void on_signal(int number)
{
	(void)number;
}

START_TEST(a_signal_handler_ends_a_wait_with_the_lock)
{
	const struct sigaction action = {.sa_handler = on_signal};
	struct waiter waiter;

	futex_forbid(ways[_i]);
	ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
	waiter_start(&waiter, &other, LATER);
	eventually(pthread_tryjoin_np(waiter.thread, NULL) == 0 ||
		   pthread_kill(waiter.thread, SIGUSR1) != 0);
	ck_assert_int_eq(waiter.result, -EINTR);
	ck_assert_ptr_nonnull(
		strstr(waiter.said, "a signal handler interrupted the wait for a signal"));
	expect(waiter.released, 0);
}
END_TEST

/* Who could not have it again because somebody else had it goes on until it can. */
START_TEST(a_signal_handler_does_not_cost_the_lock)
{
	const struct sigaction action = {.sa_handler = on_signal};
	struct waiter waiter;

	ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
	waiter_start(&waiter, &other, LATER);
	have(&me);
	shmb_condition_signal(&shared->condition);
	for (unsigned i = 0; i < 10; i++) {
		ck_assert_int_eq(pthread_kill(waiter.thread, SIGUSR1), 0);
		eventually_pause();
	}
	give(&me);
	ck_assert_int_eq(waiter_end(&waiter), -EINTR);
	expect(waiter.released, 0);
}
END_TEST

START_TEST(a_forked_child_has_nothing_to_do_with_it)
{
	int status;
	pid_t pid;

	have(&me);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		fake_roster_stop(&roster);
		ck_assert_int_eq(munmap(shared, sizeof(*shared)), 0);
		expect(await(&me, LATER), -EOWNERDEAD);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	give(&me);
}
END_TEST

START_TEST(where_nobody_waits_a_signal_changes_nothing)
{
	shmb_condition_signal(&shared->condition);
	shmb_condition_broadcast(&shared->condition);
	ck_assert_uint_eq(shared->condition.words[0], 0);
}
END_TEST

/* After the first one that finds nobody there is nothing to do for the next. */
START_TEST(who_has_left_costs_one_signal)
{
	uint64_t word;

	have(&me);
	expect(await(&me, SOON), -ETIMEDOUT);
	expect(await(&me, SOON), -ETIMEDOUT);
	ck_assert_uint_eq(shared->condition.words[0], 2 * CONDITION_SLEEPER);
	if (_i)
		shmb_condition_signal(&shared->condition);
	else
		shmb_condition_broadcast(&shared->condition);
	word = shared->condition.words[0];
	ck_assert_uint_eq(word, 1);
	shmb_condition_signal(&shared->condition);
	ck_assert_uint_eq(shared->condition.words[0], word);
}
END_TEST

START_TEST(a_count_that_comes_round_is_not_nobody)
{
	struct waiter waiter;

	shared->condition.words[0] = UINT64_C(0xffffffff00000005);
	waiter_start(&waiter, &other, LATER);
	ck_assert_uint_eq(shared->condition.words[0], CONDITION_SLEEPER + 5);
	shmb_condition_signal(&shared->condition);
	expect(waiter_end(&waiter), 0);
}
END_TEST

START_TEST(a_broadcast_ends_all_waits)
{
	struct waiter waiters[8];

	for (unsigned round = 0; round < 10; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(waiters); i++)
			waiter_start(&waiters[i], i % 2 ? &me : &other, LATER);
		shmb_condition_broadcast(&shared->condition);
		for (size_t i = 0; i < ARRAY_SIZE(waiters); i++)
			expect(waiter_end(&waiters[i]), 0);
	}
}
END_TEST

START_TEST(a_signal_wakes_one_and_a_broadcast_all_that_sleep)
{
	struct heavy_sleeper sleepers[4];

	shared->condition.words[0] = CONDITION_SLEEPER;
	for (size_t i = 0; i < ARRAY_SIZE(sleepers); i++)
		heavy_sleeper_start(&sleepers[i], &shared->condition.words[0]);
	shmb_condition_signal(&shared->condition);
	eventually(sleepers[0].is_awake + sleepers[1].is_awake + sleepers[2].is_awake +
			   sleepers[3].is_awake ==
		   1);
	/* Others may sleep still. */
	ck_assert_uint_eq(shared->condition.words[0], CONDITION_SLEEPER + 1);
	shmb_condition_broadcast(&shared->condition);
	for (size_t i = 0; i < ARRAY_SIZE(sleepers); i++)
		heavy_sleeper_end(&sleepers[i]);
	ck_assert_uint_eq(shared->condition.words[0], 2);
}
END_TEST

/* Several signals wake as many, though none has waked up in between. */
START_TEST(each_signal_ends_a_wait)
{
	struct waiter waiters[6];

	for (unsigned round = 0; round < 20; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(waiters); i++)
			waiter_start(&waiters[i], i % 2 ? &me : &other, LATER);
		have(&me);
		for (size_t i = 0; i < ARRAY_SIZE(waiters); i++)
			shmb_condition_signal(&shared->condition);
		give(&me);
		for (size_t i = 0; i < ARRAY_SIZE(waiters); i++)
			expect(waiter_end(&waiters[i]), 0);
	}
}
END_TEST

/* Who dies may have been about to signal: those who wait look. */
START_TEST(a_death_ends_a_wait)
{
	struct shmb_member third = fake_member_new(&roster);
	struct waiter waiter;

	futex_forbid(ways[_i]);
	waiter_start(&waiter, &other, SHMB_NO_DEADLINE);
	have(&third);
	shared->number = 1;
	give(&third);
	fake_roster_mark_dead(&roster, third.id);
	if (_i == 0)
		eventually(fake_roster_announce(&roster) == 1); /* slept on it */
	else
		(void)fake_roster_announce(&roster);
	expect(waiter_end(&waiter), 0);
}
END_TEST

/* One plays after the other, each in a process: who is not woken holds up all. A lost wake-up would
 * cost 10 ms at least, the time until somebody looks by himself. */
static int play(struct child *self, void *data)
{
	struct shmb_member member = fake_member_new(&roster);
	uint64_t number = (uintptr_t)data;

	(void)self;
	have(&member);
	for (unsigned i = 0; i < TURNS; i++) {
		while (shared->number % PLAYERS != number)
			expect(await(&member, LATER), 0);
		shared->number++;
		shmb_condition_broadcast(&shared->condition);
	}
	give(&member);
	return 0;
}

START_TEST(no_broadcast_is_lost)
{
	struct child children[PLAYERS];

	futex_forbid(ways[_i]);
	for (size_t i = 0; i < PLAYERS; i++)
		child_start(&children[i], play, (void *)i);
	for (size_t i = 0; i < PLAYERS; i++)
		ck_assert_int_eq(child_wait(&children[i]), 0);
	ck_assert_uint_eq(shared->number, PLAYERS * TURNS);
}
END_TEST

/* A store with room for two. Signals only, with the lock and without. */
static int produce(struct child *self, void *data)
{
	struct shmb_member member = fake_member_new(&roster);

	(void)self;
	(void)data;
	for (unsigned i = 0; i < ITEMS; i++) {
		have(&member);
		while (shared->number == 2)
			expect(shmb_lock_wait(&shared->lock, &member, &shared->room, LATER), 0);
		shared->number++;
		shared->n_made++;
		if (i % 2)
			shmb_condition_signal(&shared->condition);
		give(&member);
		if (i % 2 == 0)
			shmb_condition_signal(&shared->condition);
	}
	return 0;
}

static int consume(struct child *self, void *data)
{
	struct shmb_member member = fake_member_new(&roster);

	(void)self;
	(void)data;
	for (;;) {
		bool is_all;

		have(&member);
		while (shared->number == 0 && shared->n_taken < PRODUCERS * ITEMS)
			expect(await(&member, LATER), 0);
		is_all = shared->n_taken == PRODUCERS * ITEMS;
		if (!is_all) {
			shared->number--;
			is_all = ++shared->n_taken == PRODUCERS * ITEMS;
		}
		give(&member);
		if (is_all)
			break;
		shmb_condition_signal(&shared->room);
	}
	shmb_condition_broadcast(&shared->condition);
	return 0;
}

START_TEST(no_signal_is_lost)
{
	struct child children[PRODUCERS + CONSUMERS];

	futex_forbid(ways[_i]);
	for (size_t i = 0; i < ARRAY_SIZE(children); i++)
		child_start(&children[i], i < PRODUCERS ? produce : consume, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(children); i++)
		ck_assert_int_eq(child_wait(&children[i]), 0);
	ck_assert_uint_eq(shared->n_made, PRODUCERS * ITEMS);
	ck_assert_uint_eq(shared->n_taken, PRODUCERS * ITEMS);
	ck_assert_uint_eq(shared->number, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("condition");
	TCase *tests = tcase_create("condition");
	const int n = ARRAY_SIZE(ways);

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_loop_test(tests, a_signal_ends_a_wait, 0, n);
	tcase_add_loop_test(tests, a_wait_ends_at_its_deadline_with_the_lock, 0, n);
	tcase_add_test(tests, who_cannot_have_the_lock_again_is_told);
	tcase_add_test(tests, after_a_deadline_there_is_time_to_come_back);
	tcase_add_test(tests, who_does_not_have_the_lock_cannot_wait);
	tcase_add_test(tests, a_wait_without_a_repair_spoils_the_lock);
	tcase_add_test(tests, who_comes_back_is_told_of_a_death);
	tcase_add_loop_test(tests, a_signal_handler_ends_a_wait_with_the_lock, 0, n);
	tcase_add_test(tests, a_signal_handler_does_not_cost_the_lock);
	tcase_add_test(tests, a_forked_child_has_nothing_to_do_with_it);
	tcase_add_test(tests, where_nobody_waits_a_signal_changes_nothing);
	tcase_add_loop_test(tests, who_has_left_costs_one_signal, 0, 2);
	tcase_add_test(tests, a_count_that_comes_round_is_not_nobody);
	tcase_add_test(tests, a_broadcast_ends_all_waits);
	tcase_add_test(tests, a_signal_wakes_one_and_a_broadcast_all_that_sleep);
	tcase_add_test(tests, each_signal_ends_a_wait);
	tcase_add_loop_test(tests, a_death_ends_a_wait, 0, n);
	tcase_add_loop_test(tests, no_broadcast_is_lost, 0, n);
	tcase_add_loop_test(tests, no_signal_is_lost, 0, n);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
