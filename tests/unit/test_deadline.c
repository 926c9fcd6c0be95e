/*
 * Deadlines that programs make.
 */
#include <shmbroker/deadline.h>

#include <check.h>

#include "base/clock.h"
#include "support/suite.h"

#define MS UINT64_C(1000000)

START_TEST(it_is_so_far_from_now)
{
	uint64_t before = clock_now_ns();
	uint64_t deadline = shmb_deadline_in_ms(1500);

	ck_assert_uint_ge(deadline, before + 1500 * MS);
	ck_assert_uint_le(deadline, clock_now_ns() + 1500 * MS);
	before = clock_now_ns();
	deadline = shmb_deadline_in_ms(0);
	ck_assert_uint_ge(deadline, before);
	ck_assert_uint_le(deadline, clock_now_ns());
}
END_TEST

START_TEST(what_is_too_far_is_none)
{
	ck_assert_uint_eq(shmb_deadline_in_ms(UINT64_MAX), SHMB_NO_DEADLINE);
	ck_assert_uint_eq(shmb_deadline_in_ms(UINT64_MAX / MS), SHMB_NO_DEADLINE);
	ck_assert_uint_eq(shmb_deadline_in_ms(UINT64_MAX / MS + 1), SHMB_NO_DEADLINE);
	ck_assert_uint_lt(shmb_deadline_in_ms(UINT64_MAX / MS / 2), SHMB_NO_DEADLINE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("deadline");
	TCase *tests = tcase_create("deadline");

	tcase_add_test(tests, it_is_so_far_from_now);
	tcase_add_test(tests, what_is_too_far_is_none);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
