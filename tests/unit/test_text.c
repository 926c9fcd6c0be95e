/*
 * Copying texts: whole where there is room, cut where there is not, and ended in both cases.
 */
#include "base/text.h"

#include "support/suite.h"

START_TEST(what_fits_is_copied_whole_and_what_does_not_is_cut)
{
	static const char *const expected[] = {"", "a", "ab", "abc", "abc", "abc"};

	for (size_t size = 1; size <= 6; size++) {
		char to[8];

		memset(to, '#', sizeof(to));
		text_copy(to, size, "abc");
		ck_assert_str_eq(to, expected[size - 1]);
		ck_assert_int_eq(to[size], '#');
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("text");
	TCase *tests = tcase_create("text");

	tcase_add_test(tests, what_fits_is_copied_whole_and_what_does_not_is_cut);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
