/*
 * Tables for people, on terminals of several widths and where there is none.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "output/table.h"
#include "support/suite.h"

static const struct column columns[] = {{"NAME", COLUMN_LEFT},
					{"SIZE", COLUMN_RIGHT},
					{"STATE", COLUMN_LEFT}};

#define LONG "a/name/that/is/rather/long"

/* A table on a terminal that is WIDTH columns wide, 0 for none, as text that is valid until the
 * next call. */
static const char *print(bool has_colours, unsigned width)
{
	static char *text;
	size_t size;
	FILE *out;
	autotable *table = table_new(columns, ARRAY_SIZE(columns));

	free(text);
	out = open_memstream(&text, &size);
	ck_assert_ptr_nonnull(out);
	table_add(table, "%s", LONG);
	table_add(table, "%s", "4K");
	table_add(table, "%s", "fresh");
	table_style(table, STYLE_WARNING);
	table_add(table, "%s", "b");
	table_add(table, "%s", "1048577");
	table_add(table, "%s", "ready");
	style_set(has_colours, width);
	ck_assert_int_eq(table_print(table, out), 0);
	style_set(false, 0);
	ck_assert_int_eq(fclose(out), 0);
	return text;
}

static const char whole[] = "NAME                           SIZE  STATE\n"
			    "a/name/that/is/rather/long       4K  fresh\n"
			    "b                           1048577  ready\n";

START_TEST(no_terminal_cuts_nothing)
{
	ck_assert_str_eq(print(false, 0), whole);
}
END_TEST

START_TEST(a_terminal_with_room_cuts_nothing)
{
	ck_assert_str_eq(print(false, 42), whole);
	ck_assert_str_eq(print(false, 1000), whole);
}
END_TEST

START_TEST(words_are_cut_and_numbers_are_not)
{
	ck_assert_str_eq(print(false, 41), "NAME                          SIZE  STATE\n"
					   "a/name/that/is/rather/lo~       4K  fresh\n"
					   "b                          1048577  ready\n");
	ck_assert_str_eq(print(false, 28), "NAME             SIZE  STATE\n"
					   "a/name/that~       4K  fresh\n"
					   "b             1048577  ready\n");
}
END_TEST

START_TEST(what_is_left_has_the_room_of_what_is_left_out)
{
	ck_assert_str_eq(print(false, 27), "NAME                   SIZE\n"
					   "a/name/that/is/ra~       4K\n"
					   "b                   1048577\n"
					   "+1 columns\n");
	ck_assert_str_eq(print(false, 20), "NAME\n"
					   "a/name/that/is/rath~\n"
					   "b\n"
					   "+2 columns\n");
	ck_assert_str_eq(print(false, 1), "~\n~\nb\n+2 columns\n");
}
END_TEST

/* Two bytes each, which take one column, and are cut between. */
START_TEST(a_character_is_one_column)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	autotable *table = table_new(columns, 2);

	ck_assert_ptr_nonnull(out);
	table_add(table, "%s",
		  "\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc!!");
	table_add(table, "%s", "1");
	style_set(false, 18);
	ck_assert_int_eq(table_print(table, out), 0);
	style_set(false, 0);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_str_eq(
		text,
		"NAME          SIZE\n"
		"\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc\u00e4\u00f6~     1\n");
	free(text);
}
END_TEST

START_TEST(colours_have_no_width)
{
	ck_assert_str_eq(print(true, 28),
			 "\033[1mNAME\033[0m             \033[1mSIZE\033[0m  \033[1mSTATE\033[0m\n"
			 "a/name/that~       4K  \033[33mfresh\033[0m\n"
			 "b             1048577  ready\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("table");
	TCase *widths = tcase_create("widths");

	tcase_add_test(widths, no_terminal_cuts_nothing);
	tcase_add_test(widths, a_terminal_with_room_cuts_nothing);
	tcase_add_test(widths, words_are_cut_and_numbers_are_not);
	tcase_add_test(widths, what_is_left_has_the_room_of_what_is_left_out);
	tcase_add_test(widths, a_character_is_one_column);
	tcase_add_test(widths, colours_have_no_width);
	suite_add_tcase(suite, widths);
	return suite_run(suite);
}
