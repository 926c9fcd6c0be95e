/*
 * Shares of the log, with a clock that the test moves.
 */
#include "audit_rate.h"

#include "support/suite.h"

#define OWN 50 /* of DENIED */
#define ALL 300

#define ALICE 64501u
#define BOB   64502u

static struct audit_rate rate;
static uint64_t now_ms = 1000;

static void start(void)
{
	audit_rate_begin(&rate, now_ms);
}

/* How many of N entries are admitted. */
static unsigned admitted(uid_t uid, enum audit_kind kind, unsigned n)
{
	unsigned n_admitted = 0;

	while (n-- > 0)
		n_admitted += audit_rate_admits(&rate, uid, kind);
	return n_admitted;
}

static uint32_t left_out(uid_t uid, enum audit_kind kind)
{
	const struct audit_share *share;

	for (unsigned i = 0; (share = audit_rate_share(&rate, i)); i++)
		if (share->uid == uid)
			return share->n_left_out[kind];
	return 0;
}

START_TEST(one_user_does_not_hide_another)
{
	ck_assert_uint_eq(admitted(ALICE, AUDIT_DENIED, 1000), OWN);
	ck_assert_uint_eq(admitted(BOB, AUDIT_DENIED, 1), 1);
	ck_assert_uint_eq(left_out(ALICE, AUDIT_DENIED), 1000 - OWN);
	ck_assert_uint_eq(left_out(BOB, AUDIT_DENIED), 0);
	ck_assert_uint_eq(rate.n_left_out, 1000 - OWN);
}
END_TEST

START_TEST(one_kind_does_not_hide_another)
{
	ck_assert_uint_eq(admitted(ALICE, AUDIT_GRANTED, 1000), OWN);
	ck_assert_uint_eq(admitted(ALICE, AUDIT_TURNED_AWAY, 1000), 10);
	ck_assert_uint_eq(admitted(ALICE, AUDIT_DENIED, 1000), OWN);
	ck_assert_uint_eq(left_out(ALICE, AUDIT_GRANTED), 1000 - OWN);
}
END_TEST

START_TEST(a_period_ends_in_time_and_the_next_begins_with_nothing)
{
	ck_assert_uint_eq(admitted(ALICE, AUDIT_DENIED, OWN + 1), OWN);
	now_ms += AUDIT_PERIOD_MS - 1;
	ck_assert(!audit_rate_is_over(&rate, now_ms));
	ck_assert_uint_eq(admitted(ALICE, AUDIT_DENIED, 1), 0);
	now_ms++;
	ck_assert(audit_rate_is_over(&rate, now_ms));
	audit_rate_begin(&rate, now_ms);
	ck_assert_uint_eq(rate.n_left_out, 0);
	ck_assert_ptr_null(audit_rate_share(&rate, 0));
	ck_assert_uint_eq(admitted(ALICE, AUDIT_DENIED, OWN + 1), OWN);
}
END_TEST

START_TEST(the_same_is_news_once_in_a_period)
{
	ck_assert(audit_rate_is_news(&rate, ALICE, 0));
	ck_assert(audit_rate_is_news(&rate, ALICE, 31));
	ck_assert(!audit_rate_is_news(&rate, ALICE, 0));
	ck_assert(!audit_rate_is_news(&rate, ALICE, 31));
	ck_assert(audit_rate_is_news(&rate, BOB, 0));
	ck_assert_uint_eq(rate.n_left_out, 0);
	audit_rate_begin(&rate, now_ms);
	ck_assert(audit_rate_is_news(&rate, ALICE, 0));
}
END_TEST

START_TEST(what_is_zeroed_is_in_a_period_that_is_over)
{
	static const struct audit_rate zeroed;

	ck_assert(audit_rate_is_over(&zeroed, 0));
}
END_TEST

/* Of 300 three users have 50 each; then five for each: thirty are still heard. */
START_TEST(many_users_together_have_a_bound_and_stand_back_for_more)
{
	unsigned n = 0;

	for (uid_t uid = 1; uid <= 3; uid++)
		ck_assert_uint_eq(admitted(uid, AUDIT_DENIED, 1000), OWN);
	ck_assert_uint_eq(admitted(ALICE, AUDIT_DENIED, 1000), OWN / 10);
	ck_assert_uint_eq(admitted(BOB, AUDIT_DENIED, 1), 1);
	for (uid_t uid = 1000; uid < 2000; uid++)
		n += admitted(uid, AUDIT_DENIED, 1000);
	ck_assert_uint_eq(n, ALL - 3 * OWN - OWN / 10 - 1);
	ck_assert_uint_eq(admitted(BOB, AUDIT_GRANTED, 1), 1);
}
END_TEST

static uint64_t count_left_out(void)
{
	const struct audit_share *share;
	uint64_t n = rate.n_forgotten;

	for (unsigned i = 0; (share = audit_rate_share(&rate, i)); i++)
		for (unsigned kind = 0; kind < AUDIT_KINDS_N; kind++)
			n += share->n_left_out[kind];
	return n;
}

/* The one remembered longest is given up, and what was left out about him stays counted. */
START_TEST(more_users_than_are_remembered_are_counted_too)
{
	unsigned n_admitted = admitted(ALICE, AUDIT_DENIED, OWN + 7);

	for (uid_t uid = 1; uid < AUDIT_USERS_MAX; uid++)
		n_admitted += admitted(uid, AUDIT_DENIED, 2);
	ck_assert_uint_eq(left_out(ALICE, AUDIT_DENIED), 7);
	ck_assert_uint_eq(rate.n_forgotten, 0);
	n_admitted += admitted(BOB, AUDIT_DENIED, 2);
	ck_assert_uint_eq(left_out(ALICE, AUDIT_DENIED), 0);
	ck_assert_uint_eq(rate.n_forgotten, 7);
	for (uid_t uid = 1000; uid < 3000; uid++)
		n_admitted += admitted(uid, AUDIT_DENIED, 2);
	ck_assert_uint_eq(n_admitted, ALL);
	ck_assert_uint_eq(rate.n_left_out, OWN + 7 + 2 * (AUDIT_USERS_MAX - 1) + 2 + 4000 - ALL);
	ck_assert_uint_eq(count_left_out(), rate.n_left_out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("audit_rate");
	TCase *tests = tcase_create("audit_rate");

	tcase_add_checked_fixture(tests, start, NULL);
	tcase_add_test(tests, one_user_does_not_hide_another);
	tcase_add_test(tests, one_kind_does_not_hide_another);
	tcase_add_test(tests, a_period_ends_in_time_and_the_next_begins_with_nothing);
	tcase_add_test(tests, the_same_is_news_once_in_a_period);
	tcase_add_test(tests, what_is_zeroed_is_in_a_period_that_is_over);
	tcase_add_test(tests, many_users_together_have_a_bound_and_stand_back_for_more);
	tcase_add_test(tests, more_users_than_are_remembered_are_counted_too);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
