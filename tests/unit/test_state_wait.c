/*
 * Waiting for a newer version: what ends a wait, who is woken, and that nobody is needed for that
 * who keeps to the rules.
 */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/attr.h"
#include "state_memory.h"
#include "support/chance.h"
#include "support/child.h"
#include "support/eventually.h"
#include "support/proc.h"
#include "support/sanitizers.h"
#include "support/says.h"
#include "support/suite.h"

#define FAR_MS 20000
#define UNTIL  (IS_ASAN || IS_TSAN ? 50000 : 500000) /* versions */

static struct state_memory memory;
static struct shmb_state *reader, *writer;

static void start_with(bool single_writer)
{
	const struct state_shape shape = {.value_size = 8,
					  .n_slots = 4,
					  .history = 1,
					  .single_writer = single_writer};

	state_memory_start(&memory, &shape);
	reader = state_memory_reader(&memory);
	writer = state_memory_writer(&memory);
}

static void start(void)
{
	start_with(true);
}

static void start_many(void)
{
	start_with(false);
}

static void stop(void)
{
	state_memory_close(reader);
	state_memory_close(writer);
	state_memory_stop(&memory);
}

static void publish(struct shmb_state *state)
{
	if (shmb_state_publish(state, "x", 1, shmb_deadline_in_ms(FAR_MS), NULL) < 0)
		ck_abort_msg("cannot publish");
}

/* In another process: wait for another version than DATA says, and say which one came. */
static int wait_for_other(struct child *self, void *data)
{
	struct shmb_state *own = state_memory_reader(&memory);
	uint64_t version = 0;
	int r;

	child_say(self, 0);
	r = shmb_state_wait(own, *(const uint64_t *)data, shmb_deadline_in_ms(FAR_MS), &version);
	child_say(self, r < 0 ? r : (int64_t)version);
	return 0;
}

static void start_waiter(struct child *child, uint64_t version)
{
	child_start(child, wait_for_other, &version);
	ck_assert_int_eq(child_hear(child), 0);
}

START_TEST(another_version_is_not_waited_for)
{
	uint64_t version = 0;

	publish(writer);
	ck_assert_int_eq(shmb_state_wait(reader, 0, SHMB_AT_ONCE, &version), 0);
	ck_assert_uint_eq(version, 1);
	ck_assert_int_eq(shmb_state_wait(reader, 2, SHMB_NO_DEADLINE, NULL), 0);
	ck_assert_int_eq(shmb_state_wait(reader, UINT64_C(1) << 32 | 1, SHMB_NO_DEADLINE, NULL), 0);
	ck_assert_uint_eq(atomic_load(&memory.bell->rung), 0);
}
END_TEST

START_TEST(a_deadline_in_the_past_is_a_look)
{
	uint64_t version = 77;

	ck_assert_int_eq(shmb_state_wait(reader, 0, SHMB_AT_ONCE, &version), -ETIMEDOUT);
	says("\" had no other version than ");
	ck_assert_uint_eq(atomic_load(&memory.bell->rung), 0);
	ck_assert_int_eq(shmb_state_wait(reader, 0, 1, &version), -ETIMEDOUT);
	ck_assert_int_eq(shmb_state_wait(reader, 0, shmb_deadline_in_ms(0), &version), -ETIMEDOUT);
	ck_assert_uint_eq(version, 77);
}
END_TEST

START_TEST(it_ends_at_its_deadline)
{
	uint64_t deadline = shmb_deadline_in_ms(100);

	ck_assert_int_eq(shmb_state_wait(reader, 0, deadline, NULL), -ETIMEDOUT);
	ck_assert_uint_ge(shmb_deadline_in_ms(0), deadline);
}
END_TEST

/* It sleeps on the word that a publisher wakes, also through a mapping that is read-only. */
START_TEST(who_waits_has_rung_and_sleeps)
{
	struct child child;

	publish(writer);
	start_waiter(&child, 1);
	eventually(futex_wake(state_futex(&memory.view), 1) == 1);
	ck_assert_uint_eq(atomic_load(&memory.bell->rung), 1);
	ck_assert(!child_has_said(&child));
	publish(writer);
	ck_assert_int_eq(child_hear(&child), 2);
	ck_assert_int_eq(child_wait(&child), 0);
}
END_TEST

START_TEST(all_are_woken)
{
	struct child children[8];

	for (size_t i = 0; i < ARRAY_SIZE(children); i++)
		start_waiter(&children[i], 0);
	publish(writer);
	for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
		ck_assert_int_eq(child_hear(&children[i]), 1);
		ck_assert_int_eq(child_wait(&children[i]), 0);
	}
}
END_TEST

/* The publisher goes without a fence by now, until it hears of somebody again. */
START_TEST(also_after_long_silence)
{
	for (unsigned round = 0; round < 20; round++) {
		uint64_t last = shmb_state_version(writer) + 100;
		struct child child;

		while (shmb_state_version(writer) < last)
			publish(writer);
		start_waiter(&child, last);
		eventually(futex_wake(state_futex(&memory.view), 1) == 1);
		ck_assert_uint_eq(atomic_load(&memory.header->unfenced), 1);
		publish(writer);
		ck_assert_uint_eq(atomic_load(&memory.header->unfenced), 0);
		ck_assert_int_eq(child_hear(&child), (int64_t)last + 1);
		ck_assert_int_eq(child_wait(&child), 0);
	}
}
END_TEST

/* Somebody keeps clearing the bell: nobody is woken, and it ends all the same. */
START_TEST(garbage_in_the_bell_is_only_late)
{
	struct child child;

	start_waiter(&child, 0);
	eventually(futex_wake(state_futex(&memory.view), 1) == 1);
	atomic_store(&memory.bell->rung, 0);
	atomic_store(&memory.header->last, 1);
	ck_assert_int_eq(child_hear(&child), 1);
	ck_assert_int_eq(child_wait(&child), 0);
}
END_TEST

static void on_signal(int number attr_unused)
{
}

static void *wait_with_deadline(void *data)
{
	int r = shmb_state_wait(reader, 0, *(const uint64_t *)data, NULL);

	if (r == -EINTR)
		says("a signal ended the wait for a version of \"");
	return (void *)(intptr_t)r;
}

/* What a wait of another thread ends with that a handler interrupts. */
static int interrupted(int flags, uint64_t deadline)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags}, before;
	pthread_t thread;
	void *result;

	ck_assert_int_eq(sigaction(SIGUSR1, &action, &before), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, wait_with_deadline, &deadline), 0);
	eventually(futex_wake(state_futex(&memory.view), 1) == 1);
	do
		ck_assert_int_eq(pthread_kill(thread, SIGUSR1), 0);
	while (usleep(1000) == 0 && pthread_tryjoin_np(thread, &result) != 0);
	ck_assert_int_eq(sigaction(SIGUSR1, &before, NULL), 0);
	return (int)(intptr_t)result;
}

START_TEST(a_signal_ends_it_unless_it_restarts)
{
	ck_assert_int_eq(interrupted(0, shmb_deadline_in_ms(FAR_MS)), -EINTR);
	ck_assert_int_eq(interrupted(SA_RESTART, shmb_deadline_in_ms(100)), -ETIMEDOUT);
}
END_TEST

#define TURNS 5000

/* Publish each version of one's own parity, and wait for those of the other. */
static int play(struct child *self attr_unused, void *data)
{
	struct shmb_state *own = state_memory_writer(&memory);
	uint64_t version = 0;

	futex_rely_on_wakes(true);
	while (version < TURNS) {
		if (version % 2 == *(const uint64_t *)data)
			publish(own);
		if (shmb_state_wait(own, version, shmb_deadline_in_ms(FAR_MS), &version) < 0)
			return 1;
	}
	return 0;
}

START_TEST(two_play_ping_pong)
{
	const uint64_t parities[] = {0, 1};
	struct child children[2];

	for (size_t i = 0; i < ARRAY_SIZE(children); i++)
		child_start(&children[i], play, (void *)(uintptr_t)&parities[i]);
	for (size_t i = 0; i < ARRAY_SIZE(children); i++)
		ck_assert_int_eq(child_wait(&children[i]), 0);
	ck_assert_uint_ge(shmb_state_version(reader), TURNS);
}
END_TEST

/* Nothing ends a sleep there but a wake-up. */
static int follow(struct child *self attr_unused, void *data)
{
	struct shmb_state *own = state_memory_reader(&memory);
	_Atomic uint64_t *seen = data;
	struct chance chance;

	chance_init(&chance);
	futex_rely_on_wakes(true);
	while (*seen < UNTIL) {
		uint64_t version;

		for (uint64_t n = chance_below(&chance, 500); n > 0; n--)
			atomic_signal_fence(memory_order_seq_cst);
		if (shmb_state_wait(own, *seen, shmb_deadline_in_ms(FAR_MS), &version) < 0)
			return 1;
		*seen = version;
	}
	return 0;
}

/* Now and then so many in a row that a single writer goes without a fence. */
static void publish_some(struct shmb_state *state, struct chance *chance)
{
	uint64_t n = chance_below(chance, 4) ? 1 : chance_below(chance, 200);

	while (n-- > 0)
		publish(state);
}

START_TEST(no_wake_up_is_lost)
{
	_Atomic uint64_t *seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct chance chance;
	struct child child;

	ck_assert_ptr_ne(seen, MAP_FAILED);
	chance_init(&chance);
	child_start(&child, follow, seen);
	while (*seen < UNTIL) {
		publish_some(writer, &chance);
		for (unsigned spins = 1; *seen < shmb_state_version(writer) && *seen < UNTIL;
		     spins++) {
			if (spins % 64 == 0)
				(void)sched_yield();
			if (spins % 65536 == 0)
				must(proc_is_alive(child.pid));
		}
	}
	ck_assert_int_eq(child_wait(&child), 0);
	munmap(seen, sizeof(*seen));
}
END_TEST

static void publish_unheard(void)
{
	for (int i = 0; i < 100; i++)
		publish(writer);
}

/* The mark makes every wait dear, so nobody leaves it behind for ever. */
START_TEST(the_mark_of_a_writer_without_fences_ends_with_it)
{
	bool is_marked;

	publish_unheard();
	is_marked = atomic_load(&memory.header->unfenced) == 1;
	if (!is_marked)
		fprintf(stderr, "NOT TESTED: this kernel has no membarrier(2) of that kind\n");
	state_memory_close(writer);
	ck_assert_uint_eq(atomic_load(&memory.header->unfenced), 0);
	writer = state_memory_writer(&memory);
	publish_unheard();
	ck_assert_int_eq(atomic_load(&memory.header->unfenced) == 1, is_marked);
	state_memory_bury(&memory, writer);
	writer = state_memory_writer(&memory);
	ck_assert_uint_eq(atomic_load(&memory.header->unfenced), 0);
}
END_TEST

/* It is the mark of who came after it by then. */
START_TEST(who_was_taken_for_dead_leaves_the_mark_alone)
{
	struct shmb_state *former = writer;
	bool is_marked;

	publish_unheard();
	fake_roster_mark_dead(&memory.roster, atomic_load(&former->member->id));
	writer = state_memory_writer(&memory);
	ck_assert_ptr_nonnull(writer);
	publish_unheard();
	is_marked = atomic_load(&memory.header->unfenced) == 1;
	state_memory_close(former);
	ck_assert_int_eq(atomic_load(&memory.header->unfenced) == 1, is_marked);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("state_wait");
	TCase *tcase = tcase_create("state_wait");
	TCase *many = tcase_create("many");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, another_version_is_not_waited_for);
	tcase_add_test(tcase, a_deadline_in_the_past_is_a_look);
	tcase_add_test(tcase, it_ends_at_its_deadline);
	tcase_add_test(tcase, who_waits_has_rung_and_sleeps);
	tcase_add_test(tcase, all_are_woken);
	tcase_add_test(tcase, also_after_long_silence);
	tcase_add_test(tcase, garbage_in_the_bell_is_only_late);
	tcase_add_test(tcase, a_signal_ends_it_unless_it_restarts);
	tcase_add_test(tcase, no_wake_up_is_lost);
	tcase_add_test(tcase, the_mark_of_a_writer_without_fences_ends_with_it);
	tcase_add_test(tcase, who_was_taken_for_dead_leaves_the_mark_alone);
	tcase_add_checked_fixture(many, start_many, stop);
	tcase_add_test(many, who_waits_has_rung_and_sleeps);
	tcase_add_test(many, all_are_woken);
	tcase_add_test(many, two_play_ping_pong);
	tcase_add_test(many, no_wake_up_is_lost);
	suite_add_tcase(suite, tcase);
	suite_add_tcase(suite, many);
	return suite_run(suite);
}
