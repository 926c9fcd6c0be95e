/*
 * Locks between processes: those that are killed, those that are stopped, and one that writes
 * whatever it likes. The test plays the broker's part: it waits for the end of a process and lets
 * its member die.
 */
#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <shmbroker/error.h>
#include <shmbroker/lock.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attr.h"
#include "core/futex.h"
#include "layout/lock_layout.h"
#include "support/chance.h"
#include "support/child.h"
#include "support/eventually.h"
#include "support/fake_member.h"
#include "support/hostile.h"
#include "support/sanitizers.h"
#include "support/suite.h"

#define KILLS     (IS_ASAN || IS_TSAN ? 100 : 1000) /* a fork takes long there */
#define LOADERS   2
#define SECOND_NS UINT64_C(1000000000)
#define LATER     shmb_deadline_in_ms(PATIENCE_MS)

/* What processes share. The two numbers are equal when nobody is inside. */
struct shared {
	struct shmb_lock lock;
	struct shmb_condition condition;
	uint64_t first, second;
	_Atomic uint64_t n_told, n_done;
	_Atomic bool is_over;
};

static struct fake_roster roster;
static struct shmb_member me;
static struct shared *shared;

static void start(void)
{
	fake_roster_start(&roster, 64);
	me = fake_member_new(&roster);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
}

static void stop(void)
{
	munmap(shared, sizeof(*shared));
	fake_roster_stop(&roster);
}

static void expect(int result, int wanted)
{
	if (result != wanted)
		ck_abort_msg("%d instead of %d: %s", result, wanted, shmb_last_error());
}

/* Take the lock, and repair where somebody died inside. Also by those that are killed. */
static void have(struct shmb_member *member)
{
	int r = shmb_lock_acquire(&shared->lock, member, LATER);

	if (r == SHMB_OWNER_DIED) {
		shared->second = shared->first;
		expect(shmb_lock_repaired(&shared->lock, member), 0);
		shared->n_told++;
		(void)futex_wake(futex_low_half(&shared->n_told), FUTEX_ALL);
		r = 0;
	}
	expect(r, 0);
	must(shared->first == shared->second);
}

static int load(struct child *self, void *data)
{
	struct shmb_member member = fake_member_new(&roster);

	(void)self;
	(void)data;
	while (!shared->is_over) {
		have(&member);
		shared->first++;
		shared->second++;
		expect(shmb_lock_release(&shared->lock, &member), 0);
		shared->n_done++;
	}
	return 0;
}

static int hold(struct child *self, void *data)
{
	struct shmb_member member = fake_member(&roster, *(uint64_t *)data);

	have(&member);
	shared->first++;
	child_say(self, 0);
	for (;;)
		(void)pause();
	return 0;
}

/* As child_kill(), without its pauses: there are many. */
static void kill_at_once(struct child *child)
{
	ck_assert_int_eq(kill(child->pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child->pid, NULL, 0), child->pid);
	close(child->line);
}

/* Until somebody more than that has been told. */
static void await_told(uint64_t told)
{
	const struct futex_word word = {futex_low_half(&shared->n_told), (uint32_t)told};
	struct futex_patience patience = futex_patience(LATER);

	while (shared->n_told == told)
		ck_assert_msg(futex_sleep(&word, 1, &patience) >= 0, "nobody was told");
}

/* Returns how long it was from the announcement until the next one was told. */
static uint64_t kill_holder(void)
{
	uint64_t id = fake_roster_admit(&roster);
	uint64_t told = shared->n_told;
	uint64_t begin;
	struct child child;

	child_start(&child, hold, &id);
	(void)child_hear(&child);
	ck_assert_uint_eq(shared->n_told, told);
	kill_at_once(&child);
	begin = clock_now_ns();
	fake_roster_bury(&roster, id);
	await_told(told);
	return clock_now_ns() - begin;
}

/* A second is allowed. Where so many processes share a core it may now and then take longer until
 * one that was woken runs. */
START_TEST(the_next_one_is_told_of_each_that_was_killed)
{
	struct child loaders[LOADERS];
	uint64_t longest = 0;
	unsigned n_late = 0;

	for (size_t i = 0; i < LOADERS; i++)
		child_start(&loaders[i], load, NULL);
	for (unsigned i = 0; i < KILLS; i++) {
		uint64_t took = kill_holder();

		n_late += took > SECOND_NS;
		if (took > longest)
			longest = took;
	}
	shared->is_over = true;
	for (size_t i = 0; i < LOADERS; i++)
		ck_assert_int_eq(child_wait(&loaders[i]), 0);
	ck_assert_uint_eq(shared->n_told, KILLS);
	ck_assert_uint_gt(shared->n_done, KILLS);
	printf("%u holders killed among %" PRIu64 " sections; the next one was told within %" PRIu64
	       " us\n",
	       KILLS, shared->n_done, longest / 1000);
	ck_assert_uint_le(n_late, KILLS / 100);
}
END_TEST

static void bury_all_others(void)
{
	for (uint32_t slot = 0; slot < roster.view.n_slots; slot++) {
		uint64_t id = roster.shared->words[slot];

		if (id != 0 && id != me.id)
			fake_roster_mark_dead(&roster, id & ~ROSTER_DEAD);
	}
	(void)fake_roster_announce(&roster);
}

/* Killed at any moment, inside or not, or asleep for the lock. */
START_TEST(who_is_killed_anywhere_leaves_a_lock_that_works)
{
	struct chance chance;
	struct child loaders[LOADERS];

	chance_init(&chance);
	for (unsigned i = 0; i < KILLS / 4; i++) {
		uint64_t done = shared->n_done;

		for (size_t j = 0; j < LOADERS; j++)
			child_start(&loaders[j], load, NULL);
		while (shared->n_done < done + chance_below(&chance, 200))
			;
		for (size_t j = 0; j < LOADERS; j++)
			kill_at_once(&loaders[j]);
		bury_all_others();
		have(&me);
		expect(shmb_lock_release(&shared->lock, &me), 0);
	}
}
END_TEST

static int hold_and_stop(struct child *self, void *data)
{
	struct shmb_member member = fake_member_new(&roster);

	(void)self;
	(void)data;
	have(&member);
	ck_assert_int_eq(raise(SIGSTOP), 0);
	return -shmb_lock_release(&shared->lock, &member);
}

START_TEST(who_is_stopped_keeps_it)
{
	uint64_t deadline;
	struct child child;
	int status;

	child_start(&child, hold_and_stop, NULL);
	ck_assert_int_eq(waitpid(child.pid, &status, WUNTRACED), child.pid);
	ck_assert(WIFSTOPPED(status));
	(void)fake_roster_announce(&roster); /* of somebody else's death */
	deadline = shmb_deadline_in_ms(100);
	expect(shmb_lock_acquire(&shared->lock, &me, deadline), -ETIMEDOUT);
	ck_assert_uint_ge(clock_now_ns(), deadline);
	expect(shmb_lock_try(&shared->lock, &me), -EBUSY);
	ck_assert_int_eq(kill(child.pid, SIGCONT), 0);
	expect(shmb_lock_acquire(&shared->lock, &me, LATER), 0);
	ck_assert_int_eq(child_wait(&child), 0);
}
END_TEST

/* Whoever is taken for dead though it lives is told at its release, and spoils nothing. */
START_TEST(who_was_taken_for_dead_is_told)
{
	struct shmb_member other = fake_member_new(&roster);

	have(&me);
	fake_roster_bury(&roster, me.id);
	have(&other);
	ck_assert_uint_eq(shared->n_told, 1);
	expect(shmb_lock_release(&shared->lock, &me), -ENOLCK);
	expect(shmb_lock_repaired(&shared->lock, &me), -ENOLCK);
	expect(shmb_lock_release(&shared->lock, &other), 0);
}
END_TEST

static int take_100(struct child *self, void *data)
{
	struct shmb_member member = fake_member_new(&roster);

	(void)self;
	(void)data;
	for (unsigned i = 0; i < 100; i++) {
		have(&member);
		expect(shmb_lock_release(&shared->lock, &member), 0);
	}
	return 0;
}

/* Nobody can be starved for ever by who takes the lock again and again. */
START_TEST(everybody_has_it_now_and_then)
{
	struct child loaders[LOADERS];

	for (size_t i = 0; i < LOADERS; i++)
		child_start(&loaders[i], load, NULL);
	child_run(take_100, NULL);
	shared->is_over = true;
	for (size_t i = 0; i < LOADERS; i++)
		ck_assert_int_eq(child_wait(&loaders[i]), 0);
}
END_TEST

/* What is likeliest to do harm: words as they could be, and any others. */
static uint64_t nonsense(struct chance *chance)
{
	uint64_t id = roster_id((uint32_t)chance_below(chance, 3),
				(uint32_t)chance_below(chance, roster.view.n_slots + 2));

	switch (chance_below(chance, 6)) {
	case 0:
		return chance_below(chance, 4);
	case 1:
		return id;
	case 2:
		return id | LOCK_WAITERS;
	case 3:
		return me.id | chance_below(chance, 2);
	case 4:
		return UINT64_MAX - chance_below(chance, 4);
	default:
		return chance_u64(chance);
	}
}

static int scribble(struct child *self, void *data)
{
	struct chance chance;

	(void)self;
	(void)data;
	chance_init(&chance);
	while (!shared->is_over) {
		_Atomic uint64_t *words = (_Atomic uint64_t *)(void *)shared->lock.words;
		_Atomic uint64_t *word = (_Atomic uint64_t *)(void *)shared->condition.words;

		if (chance_below(&chance, 8) != 0)
			word = &words[chance_below(&chance, ARRAY_SIZE(shared->lock.words))];
		atomic_store(word, nonsense(&chance));
		if (chance_below(&chance, 64) == 0)
			(void)futex_wake(futex_low_half(word), 1);
		/* Mostly left so long that others come across it. */
		for (uint64_t n = chance_below(&chance, 2000); n > 0 && !shared->is_over; n--)
			atomic_signal_fence(memory_order_seq_cst);
	}
	return 0;
}

static void expect_one_of(int r, const int *allowed, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (r == allowed[i])
			return;
	ck_abort_msg("%d is no outcome of it: %s", r, shmb_last_error());
}

/* One call of any kind. */
static void make_call(struct chance *chance, struct shmb_member *member)
{
	static const int taking[] = {0,       SHMB_OWNER_DIED, -ETIMEDOUT,
				     -EBUSY,  -EDEADLK,        -ENOTRECOVERABLE,
				     -ENOLCK, -EPERM,          -ESTALE};
	static const int giving[] = {0, -EPERM, -ENOLCK, -EINVAL};
	uint64_t deadline = shmb_deadline_in_ms(chance_below(chance, 20));

	switch (chance_below(chance, 8)) {
	case 0:
		expect_one_of(shmb_lock_wait(&shared->lock, member, &shared->condition, deadline),
			      taking, ARRAY_SIZE(taking));
		break;
	case 1:
		shmb_condition_signal(&shared->condition);
		shmb_condition_broadcast(&shared->condition);
		break;
	case 2:
		expect_one_of(shmb_lock_repaired(&shared->lock, member), giving,
			      ARRAY_SIZE(giving));
		break;
	case 3:
		expect_one_of(shmb_lock_try(&shared->lock, member), taking, ARRAY_SIZE(taking));
		break;
	case 4:
		expect_one_of(shmb_lock_acquire(&shared->lock, member, deadline), taking,
			      ARRAY_SIZE(taking));
		break;
	default:
		expect_one_of(shmb_lock_release(&shared->lock, member), giving, ARRAY_SIZE(giving));
		break;
	}
	hostile_expect_in_time(deadline);
}

static int go_on(struct child *self, void *data)
{
	struct shmb_member member = fake_member_new(&roster);
	struct chance chance;

	(void)self;
	(void)data;
	chance_init(&chance);
	while (!shared->is_over) {
		make_call(&chance, &member);
		shared->n_done++;
	}
	return 0;
}

START_TEST(who_writes_nonsense_delays_nobody_beyond_his_deadline)
{
	struct child children[4];

	child_start(&children[0], scribble, NULL);
	for (size_t i = 1; i < ARRAY_SIZE(children); i++)
		child_start(&children[i], go_on, NULL);
	stays_for(hostile_ms(), !child_has_said(&children[0]));
	shared->is_over = true;
	for (size_t i = 0; i < ARRAY_SIZE(children); i++)
		ck_assert_int_eq(child_wait(&children[i]), 0);
	printf("%" PRIu64 " calls among nonsense\n", shared->n_done);
	ck_assert_uint_gt(shared->n_done, 100);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lock peers");
	TCase *tests = tcase_create("lock peers"), *hostile = tcase_create("hostile");

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_test(tests, the_next_one_is_told_of_each_that_was_killed);
	tcase_add_test(tests, who_is_killed_anywhere_leaves_a_lock_that_works);
	tcase_add_test(tests, who_is_stopped_keeps_it);
	tcase_add_test(tests, who_was_taken_for_dead_is_told);
	tcase_add_test(tests, everybody_has_it_now_and_then);
	tcase_add_checked_fixture(hostile, start, stop);
	tcase_add_test(hostile, who_writes_nonsense_delays_nobody_beyond_his_deadline);
	suite_add_tcase(suite, tests);
	suite_add_tcase(suite, hostile);
	return suite_run(suite);
}
