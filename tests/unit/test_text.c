/*
 * Copying texts: whole where there is room, cut where there is not, and ended in both cases. What
 * strangers wrote is cleaned.
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

START_TEST(control_bytes_and_what_is_not_ascii_can_be_cleaned_away)
{
	char line[] = "a\n\t\x1b~\x7f\xc3\xbc", word[] = "a\n \x1b~\x7f\xc3\xbc";

	text_one_line(line);
	ck_assert_str_eq(line, "a???~?\xc3\xbc");
	text_clean(word);
	ck_assert_str_eq(word, "a? ?~???");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("text");
	TCase *tests = tcase_create("text");

	tcase_add_test(tests, what_fits_is_copied_whole_and_what_does_not_is_cut);
	tcase_add_test(tests, control_bytes_and_what_is_not_ascii_can_be_cleaned_away);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
