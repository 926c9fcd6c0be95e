/*
 * The grammar of names and of layout tags, byte by byte.
 */
#include <check.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/attr.h"
#include "support/suite.h"
#include "wire/name.h"

static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-";

static void fill(char *text, size_t size)
{
	memset(text, 'n', size);
	text[size] = '\0';
}

START_TEST(good_names_have_no_fault)
{
	static const char *const names[] = {
		"a",   "a/b", "demo/counter", "0",      "-",    "_",   "+",
		"...", ".a",  "a.",           "a/.b/c", "a..b", "..a", "a/...",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		ck_assert_msg(!wire_name_fault(names[i]), "'%s' %s", names[i],
			      wire_name_fault(names[i]));
}
END_TEST

START_TEST(faulty_names_are_told_what_is_wrong)
{
	static const struct {
		const char *name;
		const char *fault;
	} samples[] = {
		{"", "is empty"},          {"/", "empty component"},    {"/a", "empty component"},
		{"a/", "empty component"}, {"a//b", "empty component"}, {".", "\".\""},
		{"..", "\"..\""},          {"a/.", "\"..\""},           {"a/../b", "\"..\""},
		{"./a", "\"..\""},         {"a b", "a byte other"},     {"a:b", "a byte other"},
		{"a\nb", "a byte other"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		const char *fault = wire_name_fault(samples[i].name);

		ck_assert_msg(fault != NULL, "'%s' passed", samples[i].name);
		ck_assert_msg(strstr(fault, samples[i].fault) != NULL, "'%s' %s", samples[i].name,
			      fault);
	}
}
END_TEST

START_TEST(every_byte_is_judged_at_every_place)
{
	for (int byte = 1; byte < 256; byte++) {
		bool good = strchr(allowed, byte) != NULL;
		char name[] = "abc";

		for (size_t at = 0; at < 3; at++) {
			strcpy(name, "abc");
			name[at] = (char)byte;
			if (byte == '/')
				good = at == 1;
			ck_assert_msg(!wire_name_fault(name) == good, "byte %d at %zu", byte, at);
		}
	}
}
END_TEST

START_TEST(names_have_at_most_200_bytes)
{
	char name[WIRE_NAME_MAX + 2];

	fill(name, WIRE_NAME_MAX);
	ck_assert_ptr_null(wire_name_fault(name));
	fill(name, WIRE_NAME_MAX + 1);
	ck_assert_ptr_nonnull(wire_name_fault(name));
}
END_TEST

START_TEST(layouts_are_short_and_of_the_same_bytes)
{
	char layout[WIRE_LAYOUT_MAX + 2];

	ck_assert_ptr_null(wire_layout_fault(""));
	ck_assert_ptr_null(wire_layout_fault("words/2"));
	ck_assert_ptr_null(wire_layout_fault("/"));
	ck_assert_ptr_null(wire_layout_fault(allowed + 10));
	fill(layout, WIRE_LAYOUT_MAX);
	ck_assert_ptr_null(wire_layout_fault(layout));
	fill(layout, WIRE_LAYOUT_MAX + 1);
	ck_assert_ptr_nonnull(wire_layout_fault(layout));
	for (int byte = 1; byte < 256; byte++) {
		char tag[] = {'a', (char)byte, '\0'};
		bool good = byte == '/' || strchr(allowed, byte) != NULL;

		ck_assert_msg(!wire_layout_fault(tag) == good, "byte %d", byte);
	}
}
END_TEST

START_TEST(a_prefix_is_what_a_name_can_begin_with)
{
	static const char *const good[] = {"", "a", "a/", "a/b", ".", "..", "a/..", "a/.b"};
	static const char *const faulty[] = {"/", "//", "a//", "./a", "../", "a/../b", " ", "a:"};
	char prefix[WIRE_NAME_MAX + 2];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		ck_assert_msg(!wire_prefix_fault(good[i]), "\"%s\" %s", good[i],
			      wire_prefix_fault(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(faulty); i++)
		ck_assert_msg(wire_prefix_fault(faulty[i]) != NULL, "\"%s\"", faulty[i]);
	fill(prefix, WIRE_NAME_MAX);
	ck_assert_ptr_null(wire_prefix_fault(prefix));
	fill(prefix, WIRE_NAME_MAX + 1);
	ck_assert_ptr_nonnull(wire_prefix_fault(prefix));
}
END_TEST

START_TEST(a_name_becomes_one_file)
{
	char file[WIRE_NAME_MAX + 1];
	char name[WIRE_NAME_MAX + 1];

	wire_name_to_file("a", file);
	ck_assert_str_eq(file, "a");
	wire_name_to_file("a/b/c.d", file);
	ck_assert_str_eq(file, "a:b:c.d");
	fill(name, WIRE_NAME_MAX);
	wire_name_to_file(name, file);
	ck_assert_str_eq(file, name);
}
END_TEST

START_TEST(a_file_becomes_the_name_that_it_came_from)
{
	static const char *const none[] = {"", "a/b", ":a", "a:", "a::b", "..", "a b", ".new x"};
	char file[WIRE_NAME_MAX + 2], name[WIRE_NAME_MAX + 1];

	ck_assert_int_eq(wire_name_from_file("a:b:c.d", name), 0);
	ck_assert_str_eq(name, "a/b/c.d");
	fill(file, WIRE_NAME_MAX);
	ck_assert_int_eq(wire_name_from_file(file, name), 0);
	ck_assert_str_eq(name, file);
	fill(file, WIRE_NAME_MAX + 1);
	ck_assert_int_eq(wire_name_from_file(file, name), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		ck_assert_int_eq(wire_name_from_file(none[i], name), -EINVAL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("name");
	TCase *tcase = tcase_create("grammar");

	tcase_add_test(tcase, good_names_have_no_fault);
	tcase_add_test(tcase, faulty_names_are_told_what_is_wrong);
	tcase_add_test(tcase, every_byte_is_judged_at_every_place);
	tcase_add_test(tcase, names_have_at_most_200_bytes);
	tcase_add_test(tcase, layouts_are_short_and_of_the_same_bytes);
	tcase_add_test(tcase, a_prefix_is_what_a_name_can_begin_with);
	tcase_add_test(tcase, a_name_becomes_one_file);
	tcase_add_test(tcase, a_file_becomes_the_name_that_it_came_from);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
