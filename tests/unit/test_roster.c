/*
 * Slots, generations and words: ids never come back, and who lives is what the words say.
 */
#include "objects/roster.h"

#include <check.h>
#include <errno.h>
#include <event2/event.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/sanitizers.h"
#include "support/suite.h"

#define SLOTS  2000u /* more than the line keeps */
#define ROUNDS (IS_ASAN ? 2 : 20)

static struct event_base *base;
static struct wire_roster *shared;
static struct roster roster;

static void start(void)
{
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
	shared = calloc(1, roster_size(SLOTS));
	ck_assert_ptr_nonnull(shared);
	roster_format(shared, SLOTS, 7);
	ck_assert_int_eq(roster_init(&roster, base, shared), 0);
}

static void stop(void)
{
	roster_fini(&roster);
	free(shared);
	event_base_free(base);
}

static void turn(void)
{
	(void)event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static uint64_t enter(void)
{
	uint64_t id = 0;

	ck_assert_int_eq(roster_enter(&roster, &id), 0);
	ck_assert(roster_lives(&roster, id));
	ck_assert_uint_eq(shared->words[roster_slot(id)], id);
	return id;
}

static void leave(uint64_t id)
{
	roster_leave(&roster, id, false);
	ck_assert(!roster_lives(&roster, id));
	ck_assert_uint_eq(shared->words[roster_slot(id)], id | ROSTER_DEAD);
}

/* As the next broker finds it. */
static void restart(void)
{
	roster_fini(&roster);
	ck_assert_int_eq(roster_init(&roster, base, shared), 0);
}

START_TEST(no_id_comes_back)
{
	static uint32_t last[SLOTS];

	for (unsigned i = 0; i < ROUNDS * SLOTS; i++) {
		uint64_t id = enter();

		ck_assert_uint_ge(roster_generation(id), 7);
		ck_assert_uint_gt(roster_generation(id), last[roster_slot(id)]);
		last[roster_slot(id)] = roster_generation(id);
		leave(id);
		if (i % 777 == 0)
			restart();
	}
}
END_TEST

START_TEST(slots_are_used_again_oldest_first)
{
	uint64_t ids[SLOTS];

	for (unsigned i = 0; i < SLOTS; i++)
		ids[i] = enter();
	for (unsigned i = 0; i < SLOTS; i++)
		leave(ids[(i * 7) % SLOTS]);
	for (unsigned i = 0; i < SLOTS; i++)
		ck_assert_uint_eq(roster_slot(enter()), roster_slot(ids[(i * 7) % SLOTS]));
}
END_TEST

START_TEST(few_slots_are_used_when_few_live)
{
	for (unsigned i = 0; i < ROUNDS * SLOTS; i++)
		leave(enter());
	ck_assert_uint_eq(shared->words[1100], 0);
}
END_TEST

START_TEST(a_full_one_takes_nobody)
{
	uint64_t id = 0, other = 0;

	for (unsigned i = 0; i < SLOTS; i++)
		id = enter();
	ck_assert_int_eq(roster_enter(&roster, &other), -EUSERS);
	ck_assert_uint_eq(other, 0);
	leave(id);
	ck_assert_uint_eq(enter(), roster_id(roster_generation(id) + 1, roster_slot(id)));
	ck_assert_int_eq(roster_enter(&roster, &other), -EUSERS);
}
END_TEST

START_TEST(a_slot_ends_with_its_generations)
{
	uint64_t id = roster_id(ROSTER_GENERATION_MAX - 1, 0);

	shared->words[0] = id | ROSTER_DEAD;
	restart();
	for (unsigned i = 0; i < ROUNDS * SLOTS; i++) {
		id = enter();
		ck_assert_uint_le(roster_generation(id), ROSTER_GENERATION_MAX);
		leave(id);
	}
	ck_assert_uint_eq(shared->words[0], roster_id(ROSTER_GENERATION_MAX, 0) | ROSTER_DEAD);
}
END_TEST

START_TEST(who_lives_does_so_in_the_next_one)
{
	uint64_t one = enter(), two = enter(), three = enter();

	leave(two);
	restart();
	ck_assert(roster_lives(&roster, one));
	ck_assert(!roster_lives(&roster, two));
	ck_assert(roster_lives(&roster, three));
	ck_assert_uint_eq(roster_slot(enter()), 3);
}
END_TEST

static const uint64_t nobody[] = {0, 1, 2, UINT64_MAX, UINT64_C(7) << 32 | 3, SLOTS * 2, ~1ul};

START_TEST(what_nobody_ever_was_does_not_live)
{
	uint32_t epoch = shared->epoch;

	(void)enter();
	ck_assert(!roster_lives(&roster, nobody[_i]));
	roster_leave(&roster, nobody[_i], true);
	turn();
	ck_assert_uint_eq(shared->epoch, epoch);
}
END_TEST

START_TEST(deaths_are_announced_once_a_turn_and_only_where_somebody_may_wait)
{
	uint32_t epoch = shared->epoch;
	uint64_t ids[10];

	for (unsigned i = 0; i < 10; i++)
		ids[i] = enter();
	for (unsigned i = 0; i < 4; i++)
		leave(ids[i]);
	turn();
	ck_assert_uint_eq(shared->epoch, epoch);
	for (unsigned i = 4; i < 9; i++)
		roster_leave(&roster, ids[i], true);
	turn();
	ck_assert_uint_eq(shared->epoch, epoch + 1);
	turn();
	ck_assert_uint_eq(shared->epoch, epoch + 1);
	roster_leave(&roster, ids[9], true);
	roster_leave(&roster, ids[9], true);
	roster_fini(&roster); /* at the latest */
	ck_assert_uint_eq(shared->epoch, epoch + 2);
}
END_TEST

static void *sleep_until_announced(void *data)
{
	uint32_t epoch = *(uint32_t *)data;

	while (atomic_load(&shared->epoch) == epoch)
		(void)syscall(SYS_futex, &shared->epoch, FUTEX_WAIT, epoch, NULL);
	return NULL;
}

/* It was killed between a death's word and the announcement. */
START_TEST(the_next_broker_announces_what_the_last_one_did_not)
{
	uint64_t id = enter();
	uint32_t epoch = shared->epoch;
	pthread_t sleeper;

	ck_assert_int_eq(pthread_create(&sleeper, NULL, sleep_until_announced, &epoch), 0);
	roster_leave(&roster, id, true);
	(void)event_del(&roster.announcement);
	restart();
	ck_assert_int_eq(pthread_join(sleeper, NULL), 0);
	ck_assert_uint_eq(shared->epoch, epoch + 1);
}
END_TEST

static void count(void *data, uint64_t id)
{
	unsigned *n = data;

	ck_assert(roster_lives(&roster, id));
	(*n)++;
	if (*n == 1)
		roster_leave(&roster, id, false);
}

START_TEST(each_that_lives_is_told)
{
	unsigned n = 0;

	for (unsigned i = 0; i < 5; i++)
		(void)enter();
	leave(enter());
	roster_each(&roster, count, &n);
	ck_assert_uint_eq(n, 5);
	n = 1;
	roster_each(&roster, count, &n);
	ck_assert_uint_eq(n, 1 + 4);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("roster");
	TCase *tests = tcase_create("roster");

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_test(tests, no_id_comes_back);
	tcase_add_test(tests, slots_are_used_again_oldest_first);
	tcase_add_test(tests, few_slots_are_used_when_few_live);
	tcase_add_test(tests, a_full_one_takes_nobody);
	tcase_add_test(tests, a_slot_ends_with_its_generations);
	tcase_add_test(tests, who_lives_does_so_in_the_next_one);
	tcase_add_loop_test(tests, what_nobody_ever_was_does_not_live, 0,
			    sizeof(nobody) / sizeof(nobody[0]));
	tcase_add_test(tests, deaths_are_announced_once_a_turn_and_only_where_somebody_may_wait);
	tcase_add_test(tests, the_next_broker_announces_what_the_last_one_did_not);
	tcase_add_test(tests, each_that_lives_is_told);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
