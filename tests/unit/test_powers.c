/*
 * Powers of two.
 */
#include <check.h>

#include "base/powers.h"
#include "support/suite.h"

START_TEST(they_are_told_from_others)
{
	ck_assert(!is_power_of_two(0));
	ck_assert(is_power_of_two(1));
	for (unsigned i = 1; i < 64; i++) {
		ck_assert(is_power_of_two(UINT64_C(1) << i));
		ck_assert(!is_power_of_two((UINT64_C(1) << i) + 1));
		ck_assert(i == 1 || !is_power_of_two((UINT64_C(1) << i) - 1));
	}
}
END_TEST

START_TEST(the_next_one_is_found)
{
	ck_assert_uint_eq(power_of_two_from(1, 0), 1);
	ck_assert_uint_eq(power_of_two_from(1, 1), 1);
	ck_assert_uint_eq(power_of_two_from(1, 3), 4);
	ck_assert_uint_eq(power_of_two_from(64, 3), 64);
	ck_assert_uint_eq(power_of_two_from(64, 64), 64);
	ck_assert_uint_eq(power_of_two_from(64, 65), 128);
	ck_assert_uint_eq(power_of_two_from(1, UINT64_C(1) << 63), UINT64_C(1) << 63);
	ck_assert_uint_eq(power_of_two_from(1, (UINT64_C(1) << 62) + 1), UINT64_C(1) << 63);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("powers of two");
	TCase *tcase = tcase_create("powers");

	tcase_add_test(tcase, they_are_told_from_others);
	tcase_add_test(tcase, the_next_one_is_found);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
