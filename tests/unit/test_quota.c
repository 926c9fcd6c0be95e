/*
 * Charges and refunds: exact at the limit, whole on failure, and nothing left when all have ended.
 */
#include "rules/quota.h"

#include <errno.h>

#include "support/suite.h"

#define ALICE 1000
#define BOB   1001

static struct quota quota;

static void stop(void)
{
	ck_assert_uint_eq(quota_users(&quota), 0);
}

START_TEST(what_reaches_the_limit_is_taken_and_one_more_is_not)
{
	struct charge first = {0}, second = {0}, third = {0};

	ck_assert_int_eq(charge_take(&first, &quota, ALICE, RESOURCE_BYTES, 60, 100), 0);
	ck_assert_int_eq(charge_take(&second, &quota, ALICE, RESOURCE_BYTES, 41, 100), -EDQUOT);
	ck_assert_ptr_null(second.account);
	ck_assert_int_eq(charge_take(&second, &quota, ALICE, RESOURCE_BYTES, 40, 100), 0);
	ck_assert_uint_eq(quota_used(&quota, ALICE, RESOURCE_BYTES), 100);
	ck_assert_int_eq(charge_take(&third, &quota, ALICE, RESOURCE_BYTES, 1, 100), -EDQUOT);
	charge_end(&first);
	ck_assert_int_eq(charge_take(&third, &quota, ALICE, RESOURCE_BYTES, 60, 100), 0);
	charge_end(&third);
	charge_end(&second);
}
END_TEST

START_TEST(users_and_resources_are_counted_apart)
{
	struct charge bytes = {0}, objects = {0}, bobs = {0};

	ck_assert_int_eq(charge_take(&bytes, &quota, ALICE, RESOURCE_BYTES, 5, 5), 0);
	ck_assert_int_eq(charge_take(&objects, &quota, ALICE, RESOURCE_OBJECTS, 1, 1), 0);
	ck_assert_int_eq(charge_take(&bobs, &quota, BOB, RESOURCE_BYTES, 5, 5), 0);
	ck_assert_uint_eq(quota_users(&quota), 2);
	ck_assert_uint_eq(quota_used(&quota, ALICE, RESOURCE_OBJECTS), 1);
	ck_assert_uint_eq(quota_used(&quota, BOB, RESOURCE_OBJECTS), 0);
	charge_end(&bytes);
	charge_end(&objects);
	ck_assert_uint_eq(quota_users(&quota), 1);
	charge_end(&bobs);
}
END_TEST

START_TEST(sums_do_not_wrap_around)
{
	struct charge most = {0}, more = {0};

	ck_assert_int_eq(charge_take(&most, &quota, ALICE, RESOURCE_BYTES, UINT64_MAX,
				     RESOURCE_INFINITY),
			 0);
	ck_assert_int_eq(charge_take(&more, &quota, ALICE, RESOURCE_BYTES, 1, RESOURCE_INFINITY),
			 -EDQUOT);
	ck_assert_int_eq(charge_change(&most, 1, RESOURCE_INFINITY), 0);
	ck_assert_int_eq(charge_take(&more, &quota, ALICE, RESOURCE_BYTES, 1, RESOURCE_INFINITY),
			 0);
	ck_assert_int_eq(charge_change(&more, UINT64_MAX, RESOURCE_INFINITY), -EDQUOT);
	ck_assert_uint_eq(quota_used(&quota, ALICE, RESOURCE_BYTES), 2);
	charge_end(&most);
	charge_end(&more);
}
END_TEST

/* A limit may fall below what is used: nothing new is had then, and less is always possible. */
START_TEST(a_limit_below_what_is_used_stops_growth_alone)
{
	struct charge charge = {0}, other = {0};

	ck_assert_int_eq(charge_take(&charge, &quota, ALICE, RESOURCE_PARKED, 10, 10), 0);
	ck_assert_int_eq(charge_change(&charge, 11, 4), -EDQUOT);
	ck_assert_int_eq(charge_change(&charge, 8, 4), 0);
	ck_assert_int_eq(charge_take(&other, &quota, ALICE, RESOURCE_PARKED, 1, 4), -EDQUOT);
	ck_assert_int_eq(charge_take(&other, &quota, ALICE, RESOURCE_PARKED, 0, 4), 0);
	ck_assert_int_eq(charge_change(&other, 1, 4), -EDQUOT);
	ck_assert_uint_eq(quota_used(&quota, ALICE, RESOURCE_PARKED), 8);
	charge_end(&other);
	charge_end(&charge);
}
END_TEST

START_TEST(a_refused_charge_opens_no_account)
{
	struct charge charge = {0};

	ck_assert_int_eq(charge_take(&charge, &quota, BOB, RESOURCE_BYTES, 2, 1), -EDQUOT);
	ck_assert_uint_eq(quota_users(&quota), 0);
	charge_end(&charge);
}
END_TEST

START_TEST(a_charge_that_moved_ends_once)
{
	struct charge from = {0}, to = {0};

	ck_assert_int_eq(charge_take(&from, &quota, BOB, RESOURCE_WATCHES, 3, 9), 0);
	charge_move(&to, &from);
	charge_end(&from);
	ck_assert_uint_eq(quota_used(&quota, BOB, RESOURCE_WATCHES), 3);
	charge_end(&to);
	charge_end(&to);
	ck_assert_uint_eq(quota_used(&quota, BOB, RESOURCE_WATCHES), 0);
}
END_TEST

/* That they are these, in this order. */
static void expect_charges(enum resource resource, const struct charge *const *expected)
{
	const struct charge *charge = quota_charges(&quota, ALICE, resource);

	for (; *expected; expected++, charge = charge->next)
		ck_assert_ptr_eq(charge, *expected);
	ck_assert_ptr_null(charge);
}

START_TEST(what_uses_up_a_resource_is_found_in_order_wherever_it_moves)
{
	struct charge first = {0}, second = {0}, third = {0}, bobs = {0}, other = {0}, moved = {0};

	expect_charges(RESOURCE_HOLDS, (const struct charge *[]){NULL});
	ck_assert_int_eq(charge_take(&first, &quota, ALICE, RESOURCE_HOLDS, 1, 9), 0);
	ck_assert_int_eq(charge_take(&second, &quota, ALICE, RESOURCE_HOLDS, 1, 9), 0);
	ck_assert_int_eq(charge_take(&third, &quota, ALICE, RESOURCE_HOLDS, 1, 9), 0);
	ck_assert_int_eq(charge_take(&bobs, &quota, BOB, RESOURCE_HOLDS, 1, 9), 0);
	ck_assert_int_eq(charge_take(&other, &quota, ALICE, RESOURCE_BYTES, 1, 9), 0);
	expect_charges(RESOURCE_HOLDS, (const struct charge *[]){&first, &second, &third, NULL});
	charge_move(&moved, &second);
	expect_charges(RESOURCE_HOLDS, (const struct charge *[]){&first, &moved, &third, NULL});
	charge_move(&second, &first);
	expect_charges(RESOURCE_HOLDS, (const struct charge *[]){&second, &moved, &third, NULL});
	charge_end(&moved);
	charge_move(&first, &third);
	expect_charges(RESOURCE_HOLDS, (const struct charge *[]){&second, &first, NULL});
	charge_end(&second);
	charge_move(&third, &first);
	expect_charges(RESOURCE_HOLDS, (const struct charge *[]){&third, NULL});
	charge_end(&third);
	expect_charges(RESOURCE_HOLDS, (const struct charge *[]){NULL});
	expect_charges(RESOURCE_BYTES, (const struct charge *[]){&other, NULL});
	charge_end(&other);
	charge_end(&bobs);
}
END_TEST

START_TEST(what_uses_up_nothing_or_has_no_name_is_not_found)
{
	struct charge none = {0}, hidden = {0};

	ck_assert_int_eq(charge_take(&none, &quota, ALICE, RESOURCE_HOLDS, 0, 9), 0);
	ck_assert_int_eq(charge_take(&hidden, &quota, ALICE, RESOURCE_HOLDS, 2, 9), 0);
	charge_hide(&hidden);
	charge_hide(&hidden);
	expect_charges(RESOURCE_HOLDS, (const struct charge *[]){NULL});
	ck_assert_uint_eq(quota_used(&quota, ALICE, RESOURCE_HOLDS), 2);
	ck_assert_int_eq(charge_change(&none, 3, 9), 0);
	expect_charges(RESOURCE_HOLDS, (const struct charge *[]){&none, NULL});
	ck_assert_int_eq(charge_change(&none, 0, 9), 0);
	expect_charges(RESOURCE_HOLDS, (const struct charge *[]){NULL});
	charge_end(&hidden);
	charge_end(&none);
}
END_TEST

START_TEST(totals_are_of_all_users)
{
	struct charge first = {0}, second = {0}, third = {0};
	uint64_t used = 0;
	uid_t uid = 0;

	ck_assert(!quota_greatest(&quota, RESOURCE_UNDER_WAY, &uid, &used));
	ck_assert_int_eq(charge_take(&first, &quota, ALICE, RESOURCE_UNDER_WAY, 5, 9), 0);
	ck_assert_int_eq(charge_take(&second, &quota, ALICE, RESOURCE_UNDER_WAY, 2, 9), 0);
	ck_assert_int_eq(charge_take(&third, &quota, BOB, RESOURCE_UNDER_WAY, 6, 9), 0);
	ck_assert_int_eq(charge_change(&third, 10, 9), -EDQUOT);
	ck_assert_uint_eq(quota_total(&quota, RESOURCE_UNDER_WAY), 13);
	ck_assert_uint_eq(quota_total(&quota, RESOURCE_BYTES), 0);
	ck_assert(quota_greatest(&quota, RESOURCE_UNDER_WAY, &uid, &used));
	ck_assert_uint_eq(uid, ALICE);
	ck_assert_uint_eq(used, 7);
	ck_assert_int_eq(charge_change(&third, 9, 9), 0);
	ck_assert_int_eq(charge_change(&first, 1, 9), 0);
	ck_assert_uint_eq(quota_total(&quota, RESOURCE_UNDER_WAY), 12);
	charge_end(&second);
	charge_end(&first);
	charge_end(&third);
	ck_assert_uint_eq(quota_total(&quota, RESOURCE_UNDER_WAY), 0);
}
END_TEST

/* However many take as much as they may, one more gets something. */
START_TEST(a_share_is_a_quarter_of_what_the_others_leave)
{
	static const uint64_t shares[] = {60, 45, 33, 25, 19, 14};
	struct charge charges[6] = {0};

	for (unsigned i = 0; i < 6; i++) {
		uint64_t share = quota_share(&quota, ALICE + i, RESOURCE_UNDER_WAY, 240);

		ck_assert_uint_eq(share, shares[i]);
		ck_assert_int_eq(charge_take(&charges[i], &quota, ALICE + i, RESOURCE_UNDER_WAY,
					     share, share),
				 0);
		/* His own does not count against him. */
		ck_assert_uint_eq(quota_share(&quota, ALICE + i, RESOURCE_UNDER_WAY, 240), share);
	}
	ck_assert_uint_eq(quota_share(&quota, BOB + 9, RESOURCE_UNDER_WAY, 100), 0);
	for (unsigned i = 0; i < 6; i++)
		charge_end(&charges[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("quota");
	TCase *tests = tcase_create("quota");

	tcase_add_checked_fixture(tests, NULL, stop);
	tcase_add_test(tests, what_reaches_the_limit_is_taken_and_one_more_is_not);
	tcase_add_test(tests, users_and_resources_are_counted_apart);
	tcase_add_test(tests, sums_do_not_wrap_around);
	tcase_add_test(tests, a_limit_below_what_is_used_stops_growth_alone);
	tcase_add_test(tests, a_refused_charge_opens_no_account);
	tcase_add_test(tests, a_charge_that_moved_ends_once);
	tcase_add_test(tests, what_uses_up_a_resource_is_found_in_order_wherever_it_moves);
	tcase_add_test(tests, what_uses_up_nothing_or_has_no_name_is_not_found);
	tcase_add_test(tests, totals_are_of_all_users);
	tcase_add_test(tests, a_share_is_a_quarter_of_what_the_others_leave);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
