/*
 * The line that says how far a transfer is.
 */
#include <check.h>
#include <string.h>

#include "bytes/progress.h"
#include "support/suite.h"

#define MIB       ((uint64_t)1 << 20)
#define SECOND_NS UINT64_C(1000000000)

static char text[PROGRESS_WIDTH_MAX + 1];

/* 16 of 64 MiB after a second. */
static const char *quarter(unsigned width)
{
	const struct progress progress = {.name = "a/name", .total = 64 * MIB};

	return progress_text(&progress, 16 * MIB, SECOND_NS, width, text);
}

START_TEST(a_wide_line_has_everything)
{
	ck_assert_str_eq(quarter(80), "a/name  [=========>                          ]   25%  "
				      "16M of 64M  16M/s  4s left");
	/* A bar that is still longer says no more. */
	ck_assert_str_eq(quarter(160), "a/name  [==========>                             ]   25%  "
				       "16M of 64M  16M/s  4s left");
}
END_TEST

START_TEST(a_narrow_line_has_what_matters_most)
{
	struct progress unknown = {.name = "a/name"};

	ck_assert_str_eq(quarter(46), "[==>       ]   25%  16M of 64M  16M/s  4s left");
	ck_assert_str_eq(quarter(10), " 25%");
	ck_assert_str_eq(quarter(4), " 25%");
	ck_assert_str_eq(progress_text(&unknown, 16 * MIB, SECOND_NS, 7, text), "16M");
}
END_TEST

/* Whatever the width, and however far it is. */
START_TEST(no_line_is_too_long)
{
	struct progress progress = {.name = "a/name"};

	for (unsigned width = 0; width <= 2 * PROGRESS_WIDTH_MAX; width++)
		for (uint64_t done = 0; done <= 70 * MIB; done += 7 * MIB) {
			progress.total = 64 * MIB;
			progress_text(&progress, done, SECOND_NS, width, text);
			ck_assert_uint_le(strlen(text), width);
			progress.total = 0;
			progress_text(&progress, done, 0, width, text);
			ck_assert_uint_le(strlen(text), width);
		}
}
END_TEST

START_TEST(what_nobody_knows_is_left_out)
{
	struct progress progress = {.name = "a/name"};

	ck_assert_str_eq(progress_text(&progress, 16 * MIB, SECOND_NS, 80, text),
			 "a/name  16M  16M/s");
	progress.total = 64 * MIB;
	ck_assert_str_eq(progress_text(&progress, 0, 0, 20, text), "  0%  0B of 64M");
	ck_assert_str_eq(progress_text(&progress, 0, SECOND_NS, 40, text),
			 "a/name  [>            ]    0%  0B of 64M");
}
END_TEST

/* As of a file that grows. */
START_TEST(more_than_all_is_all)
{
	const struct progress progress = {.name = "a/name", .total = 64 * MIB};

	ck_assert_str_eq(progress_text(&progress, 80 * MIB, SECOND_NS, 54, text),
			 "a/name  [==========]  100%  64M of 64M  64M/s  1s left");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("progress");
	TCase *lines = tcase_create("lines");

	tcase_add_test(lines, a_wide_line_has_everything);
	tcase_add_test(lines, a_narrow_line_has_what_matters_most);
	tcase_add_test(lines, no_line_is_too_long);
	tcase_add_test(lines, what_nobody_knows_is_left_out);
	tcase_add_test(lines, more_than_all_is_all);
	suite_add_tcase(suite, lines);
	return suite_run(suite);
}
