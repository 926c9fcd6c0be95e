/*
 * Publishing a state, alone and beside others: by a single writer, who is followed by another when
 * he has ended, and by many, who take turns.
 */
#include <check.h>
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <shmbroker/error.h>
#include <shmbroker/lock.h>

#include "base/attr.h"
#include "layout/lock_layout.h"
#include "state_memory.h"
#include "support/child.h"
#include "support/eventually.h"
#include "support/forbid.h"
#include "support/proc.h"
#include "support/says.h"
#include "support/suite.h"

#define VALUE_SIZE 100

static struct state_memory memory;
static struct shmb_state *writer;

static void start_with(bool single_writer)
{
	const struct state_shape shape = {.value_size = VALUE_SIZE,
					  .n_slots = 4,
					  .history = 1,
					  .single_writer = single_writer};

	state_memory_start(&memory, &shape);
	writer = state_memory_writer(&memory);
}

static void start_single(void)
{
	start_with(true);
}

static void start_many(void)
{
	start_with(false);
}

static void stop(void)
{
	if (writer)
		state_memory_close(writer);
	state_memory_stop(&memory);
}

static int publish(struct shmb_state *state, uint64_t number)
{
	return shmb_state_publish(state, &number, sizeof(number), SHMB_AT_ONCE, NULL);
}

static void expect_last(uint64_t version, uint64_t number)
{
	struct shmb_state *reader = state_memory_reader(&memory);
	uint64_t found_version = 0, found = 0;

	ck_assert_int_eq(shmb_state_read(reader, &found, sizeof(found), &found_version, NULL), 0);
	ck_assert_uint_eq(found_version, version);
	ck_assert_uint_eq(found, number);
	state_memory_close(reader);
}

static struct shmb_lock *lock_of_state(void)
{
	return (struct shmb_lock *)memory.header->lock;
}

START_TEST(versions_count_from_one)
{
	for (uint64_t i = 1; i <= 20; i++) {
		uint64_t version = 0;

		ck_assert_int_eq(shmb_state_publish(writer, &i, sizeof(i), SHMB_AT_ONCE, &version),
				 0);
		ck_assert_uint_eq(version, i);
		expect_last(i, i);
	}
}
END_TEST

START_TEST(what_is_too_large_is_not_published)
{
	unsigned char value[VALUE_SIZE + 1] = {0};
	uint64_t version = 77;

	ck_assert_int_eq(publish(writer, 1), 0);
	ck_assert_int_eq(shmb_state_publish(writer, value, VALUE_SIZE + 1, SHMB_AT_ONCE, &version),
			 -EFBIG);
	says(" bytes is larger than the ");
	ck_assert_int_eq(shmb_state_publish(writer, value, SIZE_MAX, SHMB_AT_ONCE, &version),
			 -EFBIG);
	ck_assert_uint_eq(version, 77);
	expect_last(1, 1);
	ck_assert_int_eq(shmb_state_publish(writer, value, VALUE_SIZE, SHMB_AT_ONCE, NULL), 0);
}
END_TEST

START_TEST(who_reads_does_not_publish)
{
	struct shmb_state *reader = state_memory_reader(&memory);

	ck_assert_int_eq(publish(reader, 1), -EPERM);
	ck_assert_str_ne(shmb_last_error(), "");
	ck_assert_uint_eq(shmb_state_version(reader), 0);
	state_memory_close(reader);
}
END_TEST

START_TEST(only_what_was_expected_is_followed)
{
	uint64_t version = 0;

	ck_assert_int_eq(shmb_state_compare_and_publish(writer, 1, "a", 1, SHMB_AT_ONCE, &version),
			 SHMB_CHANGED);
	ck_assert_uint_eq(version, 0);
	ck_assert_int_eq(shmb_state_compare_and_publish(writer, 0, "a", 1, SHMB_AT_ONCE, &version),
			 0);
	ck_assert_uint_eq(version, 1);
	ck_assert_int_eq(shmb_state_compare_and_publish(writer, 0, "b", 1, SHMB_AT_ONCE, &version),
			 SHMB_CHANGED);
	ck_assert_uint_eq(version, 1);
	ck_assert_int_eq(shmb_state_compare_and_publish(writer, 1, "b", 1, SHMB_AT_ONCE, NULL), 0);
	ck_assert_int_eq(shmb_state_compare_and_publish(writer, 1, "c", 1, SHMB_AT_ONCE, NULL),
			 SHMB_CHANGED);
	ck_assert_uint_eq(shmb_state_version(writer), 2);
}
END_TEST

START_TEST(versions_do_not_come_round)
{
	atomic_store(&memory.header->last, UINT64_MAX - 2);
	ck_assert_int_eq(publish(writer, 5), 0);
	expect_last(UINT64_MAX - 1, 5);
	ck_assert_int_eq(publish(writer, 6), -EOVERFLOW);
	says("\" has had all versions that there can be");
	expect_last(UINT64_MAX - 1, 5);
}
END_TEST

/* In a child that may make no system call but its end: publish as many as DATA says. */
static int publish_in_silence(struct child *self attr_unused, void *data)
{
	struct shmb_state *own = state_memory_writer(&memory);
	int status = 0;

	if (!own)
		return 1;
	forbid_all_calls();
	for (uint64_t i = 1; i <= *(const uint64_t *)data && status == 0; i++)
		status = publish(own, i) != 0;
	return (int)syscall(SYS_exit_group, status); /* _exit(2) is more than that under asan */
}

START_TEST(nobody_waits_no_system_call)
{
	uint64_t n = 1000;

	state_memory_close(writer);
	writer = NULL;
	child_run(publish_in_silence, &n);
	expect_last(n, n);
}
END_TEST

START_TEST(who_has_rung_is_woken)
{
	uint64_t n = 1;
	struct child child;

	state_memory_close(writer);
	writer = NULL;
	atomic_store(&memory.bell->rung, 1);
	child_start(&child, publish_in_silence, &n);
	ck_assert_int_eq(child_wait(&child), -SIGSYS);
	expect_last(1, 1);
	ck_assert_uint_eq(atomic_load(&memory.bell->rung), 0);
}
END_TEST

START_TEST(there_is_one_single_writer)
{
	ck_assert_ptr_null(state_memory_writer(&memory));
	ck_assert_str_ne(shmb_last_error(), "");
	ck_assert_int_eq(publish(writer, 1), 0);
}
END_TEST

START_TEST(another_one_follows_who_has_closed)
{
	struct shmb_state *next;

	ck_assert_int_eq(publish(writer, 1), 0);
	state_memory_close(writer);
	writer = NULL;
	next = state_memory_writer(&memory);
	ck_assert_ptr_nonnull(next);
	ck_assert_int_eq(publish(next, 2), 0);
	expect_last(2, 2);
	state_memory_close(next);
}
END_TEST

START_TEST(another_one_follows_who_has_died)
{
	struct shmb_state *next;

	ck_assert_int_eq(publish(writer, 1), 0);
	state_memory_bury(&memory, writer);
	writer = NULL;
	next = state_memory_writer(&memory);
	ck_assert_ptr_nonnull(next);
	ck_assert_ptr_null(state_memory_writer(&memory));
	ck_assert_int_eq(publish(next, 2), 0);
	expect_last(2, 2);
	state_memory_close(next);
}
END_TEST

/* Sleep on the word of the last version as nobody else does: without looking again. */
static int sleep_blindly(struct child *self, void *data attr_unused)
{
	const struct timespec patience = {.tv_sec = PATIENCE_MS / 1000};

	child_say(self, 0);
	return (int)syscall(SYS_futex, state_futex(&memory.view), FUTEX_WAIT, 0, &patience) == 0
		       ? 0
		       : 1;
}

/* Whoever waits may have been forgotten by the one who died: so whoever takes its place wakes, also
 * if it publishes nothing. */
START_TEST(the_first_one_after_a_death_wakes)
{
	struct child sleeper;
	uint64_t version;

	if (!writer->view.shape.single_writer)
		ck_assert_int_eq(shmb_lock_acquire(lock_of_state(), writer->member, SHMB_AT_ONCE),
				 0);
	child_start(&sleeper, sleep_blindly, NULL);
	ck_assert_int_eq(child_hear(&sleeper), 0);
	eventually(proc_state(sleeper.pid) == 'S');
	eventually_pause(); /* it may have been on its way there */
	state_memory_bury(&memory, writer);
	writer = state_memory_writer(&memory);
	ck_assert_int_eq(shmb_state_compare_and_publish(writer, 7, "x", 1, SHMB_AT_ONCE, &version),
			 SHMB_CHANGED);
	ck_assert_int_eq(child_wait(&sleeper), 0);
}
END_TEST

/* A peer that lets the one who comes after a death find nothing to repair, or makes it a stranger
 * to the lock that it has. */
static int meddle(struct child *self, void *data attr_unused)
{
	struct lock_layout *lock = (struct lock_layout *)(void *)lock_of_state();

	while (!child_has_said(self))
		for (int i = 0; i < 1000; i++) {
			atomic_store(&lock->condition, LOCK_IN_ORDER);
			if (i % 100 == 0)
				atomic_store(&lock->token, 0);
		}
	return 0;
}

START_TEST(no_peer_makes_a_publisher_keep_the_lock)
{
	struct child peer;

	child_start(&peer, meddle, NULL);
	for (uint64_t i = 0; i < 20000; i++) {
		struct shmb_state *dead = state_memory_writer(&memory);
		int r = shmb_lock_try(lock_of_state(), dead->member);

		if (r < 0)
			ck_abort_msg("%d: %s", r, shmb_last_error());
		state_memory_bury(&memory, dead);
		(void)publish(writer, i);
	}
	child_say(&peer, 0);
	ck_assert_int_eq(child_wait(&peer), 0);
	ck_assert_int_eq(publish(writer, 1), 0);
}
END_TEST

START_TEST(who_lost_the_claim_is_told)
{
	ck_assert_int_eq(publish(writer, 1), 0);
	atomic_store(&memory.header->claim, 12345);
	ck_assert_int_eq(publish(writer, 2), -ENOLCK);
	expect_last(1, 1);
	state_memory_close(writer);
	writer = NULL;
	ck_assert_uint_eq(atomic_load(&memory.header->claim), 12345);
	writer = state_memory_writer(&memory);
	ck_assert_ptr_nonnull(writer); /* nobody has that id, so nobody lives who has it */
}
END_TEST

/* As a forked child is, who has the handle too. */
START_TEST(another_member_is_not_the_single_writer)
{
	uint64_t id = atomic_load(&writer->member->id);

	ck_assert_int_eq(publish(writer, 1), 0);
	atomic_store(&writer->member->id, fake_roster_admit(&memory.roster));
	ck_assert_int_eq(publish(writer, 2), -ENOLCK);
	expect_last(1, 1);
	state_memory_close(writer);
	writer = NULL;
	ck_assert_uint_eq(atomic_load(&memory.header->claim), id);
}
END_TEST

START_TEST(many_take_turns)
{
	struct shmb_state *other = state_memory_writer(&memory);

	ck_assert_int_eq(publish(writer, 1), 0);
	ck_assert_int_eq(publish(other, 2), 0);
	ck_assert_int_eq(shmb_lock_acquire(lock_of_state(), other->member, SHMB_AT_ONCE), 0);
	ck_assert_int_eq(publish(writer, 3), -ETIMEDOUT);
	ck_assert_int_eq(shmb_state_publish(writer, "x", 1, shmb_deadline_in_ms(30), NULL),
			 -ETIMEDOUT);
	expect_last(2, 2);
	ck_assert_int_eq(shmb_lock_release(lock_of_state(), other->member), 0);
	ck_assert_int_eq(publish(writer, 3), 0);
	expect_last(3, 3);
	state_memory_close(other);
}
END_TEST

static void *publish_late(void *data)
{
	(void)data;
	return (void *)(intptr_t)shmb_state_publish(writer, "x", 1,
						    shmb_deadline_in_ms(PATIENCE_MS), NULL);
}

START_TEST(who_met_another_is_counted)
{
	struct lock_layout *lock = (struct lock_layout *)(void *)lock_of_state();
	struct shmb_state *other = state_memory_writer(&memory);
	pthread_t thread;
	void *result;

	ck_assert_int_eq(publish(writer, 1), 0);
	ck_assert_int_eq(shmb_lock_acquire(lock_of_state(), other->member, SHMB_AT_ONCE), 0);
	ck_assert_int_eq(publish(writer, 2), -ETIMEDOUT);
	ck_assert_uint_eq(shmb_state_lock_waits(writer), 1);
	ck_assert_int_eq(pthread_create(&thread, NULL, publish_late, NULL), 0);
	eventually(atomic_load(&lock->owner) & LOCK_WAITERS);
	ck_assert_int_eq(shmb_lock_release(lock_of_state(), other->member), 0);
	ck_assert_int_eq(pthread_join(thread, &result), 0);
	ck_assert_ptr_null(result);
	ck_assert_uint_eq(shmb_state_lock_waits(other), 2);
	ck_assert_int_eq(publish(other, 3), 0);
	ck_assert_uint_eq(shmb_state_lock_waits(other), 2);
	state_memory_close(other);
}
END_TEST

/* At each step, see proto/layout/state_layout.h. */
START_TEST(the_turn_of_who_died_passes_on)
{
	for (unsigned step = 0; step <= 4; step++) {
		struct shmb_state *other = state_memory_writer(&memory);
		uint64_t last = shmb_state_version(writer);
		struct state_slot *slot = state_slot(&memory.view, last + 1);

		ck_assert_int_eq(shmb_lock_acquire(lock_of_state(), other->member, SHMB_AT_ONCE),
				 0);
		if (step >= 1)
			atomic_store(&slot->version, 0);
		if (step >= 2)
			memset(state_value(&memory.view, slot), 0x55, VALUE_SIZE);
		if (step >= 3)
			atomic_store(&slot->version, last + 1);
		if (step >= 4)
			atomic_store(&memory.header->last, ++last);
		state_memory_bury(&memory, other);
		ck_assert_int_eq(publish(writer, step), 0);
		expect_last(last + 1, step);
		ck_assert_int_eq(publish(writer, step), 0);
		expect_last(last + 2, step);
	}
}
END_TEST

START_TEST(a_lock_beyond_repair_is_told)
{
	struct shmb_state *other = state_memory_writer(&memory);

	ck_assert_int_eq(shmb_lock_acquire(lock_of_state(), other->member, SHMB_AT_ONCE), 0);
	state_memory_bury(&memory, other);
	other = state_memory_writer(&memory);
	ck_assert_int_eq(shmb_lock_acquire(lock_of_state(), other->member, SHMB_AT_ONCE),
			 SHMB_OWNER_DIED);
	ck_assert_int_eq(shmb_lock_release(lock_of_state(), other->member), 0);
	ck_assert_int_eq(publish(writer, 1), -ENOTRECOVERABLE);
	state_memory_close(other);
}
END_TEST

/* What holds whether there are one or many. */
static TCase *tcase_for_both(const char *name, void (*start)(void))
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, versions_count_from_one);
	tcase_add_test(tcase, what_is_too_large_is_not_published);
	tcase_add_test(tcase, who_reads_does_not_publish);
	tcase_add_test(tcase, only_what_was_expected_is_followed);
	tcase_add_test(tcase, versions_do_not_come_round);
	tcase_add_test(tcase, nobody_waits_no_system_call);
	tcase_add_test(tcase, who_has_rung_is_woken);
	tcase_add_test(tcase, the_first_one_after_a_death_wakes);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("state_publish");
	TCase *single = tcase_for_both("single", start_single);
	TCase *many = tcase_for_both("many", start_many);

	tcase_add_test(single, there_is_one_single_writer);
	tcase_add_test(single, another_one_follows_who_has_closed);
	tcase_add_test(single, another_one_follows_who_has_died);
	tcase_add_test(single, who_lost_the_claim_is_told);
	tcase_add_test(single, another_member_is_not_the_single_writer);
	tcase_add_test(many, many_take_turns);
	tcase_add_test(many, who_met_another_is_counted);
	tcase_add_test(many, the_turn_of_who_died_passes_on);
	tcase_add_test(many, a_lock_beyond_repair_is_told);
	tcase_add_test(many, no_peer_makes_a_publisher_keep_the_lock);
	suite_add_tcase(suite, single);
	suite_add_tcase(suite, many);
	return suite_run(suite);
}
