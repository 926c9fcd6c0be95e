/*
 * What ends by itself, thousands at a time, on a clock that only moves when one of them does: how
 * much of it in a turn, whose, and what of it is seen meanwhile.
 */
#include "objects/estate.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "in_registry.h"
#include "objects/hold.h"
#include "objects/member.h"
#include "objects/object.h"
#include "objects/registry.h"
#include "support/suite.h"

#define IN_A_TURN 5 /* that take so long: */
#define COST_NS   100000
#define MANY      50

static uint64_t now_ns;

/* In front of libc's, also for libevent. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *ret)
{
	if (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_COARSE && clock != CLOCK_BOOTTIME)
		return (int)syscall(SYS_clock_gettime, clock, ret);
	*ret = (struct timespec){(time_t)(now_ns / 1000000000u), (long)(now_ns % 1000000000u)};
	return 0;
}

static char directory[64];
static struct event_base *base;
static struct registry registry;
static unsigned n_removed, n_released;

static void saw_removed(struct observer *observer, struct object *object, enum wire_ending ending)
{
	(void)observer;
	(void)object;
	(void)ending;
	n_removed++;
	now_ns += COST_NS;
}

static void saw_released(struct observer *observer, struct hold *hold)
{
	(void)observer;
	(void)hold;
	n_released++;
	now_ns += COST_NS;
}

static struct observer watcher = {.removed = saw_removed, .released = saw_released};

static void set_up(void)
{
	struct registry_settings settings = {.broker = {geteuid(), getegid(), true},
					     .fifo_directory = directory,
					     .has_one_thread = true};

	now_ns = 1000000000u;
	n_removed = n_released = 0;
	strcpy(directory, "/tmp/shmbroker-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
	ck_assert_int_eq(registry_init(&registry, base, &settings), 0);
	watcher.next = NULL;
	registry_observe(&registry, &watcher);
}

static void tear_down(void)
{
	registry_fini(&registry);
	ck_assert_ptr_null(registry.by_id);
	ck_assert_ptr_null(registry.holds);
	ck_assert_ptr_null(registry.estates);
	ck_assert_uint_eq(quota_users(&registry.quota), 0);
	event_base_free(base);
	ck_assert_int_eq(rmdir(directory), 0);
}

static void turn(void)
{
	(void)event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static struct member *make_member(void)
{
	return make_member_of(&registry);
}

static struct object *make(const char *prefix, unsigned i, uint8_t lifetime, struct member *owner)
{
	char name[32] = "";
	struct object_plan plan = plan_of_page(name, WIRE_BACKING_MEMFD, lifetime);
	struct object *object;

	snprintf(name, sizeof(name), "%s/%u", prefix, i);
	ck_assert_int_eq(object_new(&registry, &plan, owner, &object, NULL), 0);
	return object;
}

/* Which has N objects of its own. */
static struct member *make_owner(const char *prefix, unsigned n)
{
	struct member *member = make_member();

	for (unsigned i = 0; i < n; i++)
		(void)make(prefix, i, WIRE_LIFETIME_OWNER, member);
	return member;
}

static struct hold *hold_for(struct object *object, struct member *member)
{
	enum resource short_of;
	struct hold *hold;

	ck_assert_int_eq(object_hold(object, member, WIRE_ACCESS_BOTH, &hold, &short_of), 0);
	return hold;
}

START_TEST(a_little_goes_at_once)
{
	member_end(make_owner("a", IN_A_TURN));
	ck_assert_uint_eq(n_removed, IN_A_TURN);
	ck_assert_ptr_null(registry.estates);
	ck_assert_uint_eq(quota_users(&registry.quota), 0);
}
END_TEST

START_TEST(much_goes_a_bounded_time_in_each_turn)
{
	member_end(make_owner("a", MANY));
	ck_assert_ptr_null(registry.members);
	for (unsigned n = IN_A_TURN; n < MANY; n = n_removed) {
		ck_assert_uint_eq(n_removed, n);
		ck_assert(estate_is_left_by(&registry, geteuid()));
		ck_assert(!estate_is_left_by(&registry, geteuid() + 1));
		for (unsigned i = 0; n_removed == n; i++) {
			ck_assert_uint_lt(i, 3);
			turn();
		}
		ck_assert_uint_le(n_removed - n, IN_A_TURN);
	}
	turn();
	turn();
	ck_assert_uint_eq(n_removed, MANY);
	ck_assert(!estate_is_left_by(&registry, geteuid()));
}
END_TEST

START_TEST(entries_of_the_ledger_are_no_other_case)
{
	struct object *object = make("a", 0, WIRE_LIFETIME_KEEP, NULL);
	struct member *member = make_member();

	for (unsigned i = 0; i < MANY; i++)
		(void)hold_for(object, member);
	member_end(member);
	ck_assert_uint_eq(n_released, IN_A_TURN);
	ck_assert_uint_eq(object->n_holds, MANY - IN_A_TURN);
	while (registry.estates)
		turn();
	ck_assert_uint_eq(object->n_holds, 0);
	object_remove(object, WIRE_ENDING_REMOVED);
}
END_TEST

START_TEST(who_leaves_little_does_not_wait_for_who_leaves_much)
{
	struct member *small;

	member_end(make_owner("a", MANY));
	small = make_owner("b", 1);
	member_end(small);
	ck_assert_uint_eq(n_removed, IN_A_TURN);
	while (n_removed < 2 * IN_A_TURN)
		turn();
	ck_assert_ptr_null(registry_find(&registry, "b/0"));
	ck_assert_uint_le(n_removed, 2 * IN_A_TURN); /* it was not the looking for it */
}
END_TEST

/* Its name is free for whoever comes. */
START_TEST(what_is_looked_for_meanwhile_is_not_there_any_more)
{
	char name[32];

	member_end(make_owner("a", MANY));
	snprintf(name, sizeof(name), "a/%u", MANY - 1);
	ck_assert_ptr_null(registry_find(&registry, name));
	ck_assert_uint_eq(n_removed, IN_A_TURN + 1);
	(void)make("a", MANY - 1, WIRE_LIFETIME_KEEP, NULL);
	while (registry.estates)
		turn();
	ck_assert_uint_eq(n_removed, MANY);
	ck_assert_ptr_nonnull(registry_find(&registry, name));
	object_remove(registry_find(&registry, name), WIRE_ENDING_REMOVED);
}
END_TEST

START_TEST(what_expires_together_goes_a_bounded_time_in_each_turn_too)
{
	struct member *member = make_member();
	unsigned before;

	for (unsigned i = 0; i < MANY; i++)
		hold_end(hold_for(make("a", i, WIRE_LIFETIME_USED, NULL), member));
	while (n_removed < MANY) {
		before = n_removed;
		turn();
		ck_assert_uint_le(n_removed - before, IN_A_TURN);
		now_ns += 10 * COST_NS; /* as others' requests take */
	}
	member_end(member);
}
END_TEST

START_TEST(the_end_of_the_broker_settles_all)
{
	struct object *object = make("b", 0, WIRE_LIFETIME_USED, NULL);
	struct member *member = make_owner("a", MANY);

	(void)hold_for(object, member);
	member_end(member);
	ck_assert_ptr_nonnull(registry.estates);
	registry_fini(&registry);
	ck_assert_ptr_null(registry.estates);
	ck_assert_ptr_null(registry.by_id);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("estate");
	TCase *tests = tcase_create("estate");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_little_goes_at_once);
	tcase_add_test(tests, much_goes_a_bounded_time_in_each_turn);
	tcase_add_test(tests, entries_of_the_ledger_are_no_other_case);
	tcase_add_test(tests, who_leaves_little_does_not_wait_for_who_leaves_much);
	tcase_add_test(tests, what_is_looked_for_meanwhile_is_not_there_any_more);
	tcase_add_test(tests, what_expires_together_goes_a_bounded_time_in_each_turn_too);
	tcase_add_test(tests, the_end_of_the_broker_settles_all);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
