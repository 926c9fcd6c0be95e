/*
 * An array of JSON that is printed element by element is what jansson prints of it as a whole.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output/shape.h"
#include "support/suite.h"

/* An element with N members, of which each kind of value is one, and texts that JSON escapes. */
static struct shape element(unsigned n)
{
	struct shape shape = shape_object(), inner = shape_array();
	char name[24];

	shape_put_text(&shape, "text", "a \"line\"\nand another");
	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "member-%u", i);
		shape_put_number(&shape, name, i);
	}
	shape_append(&inner, shape_object().json);
	shape_append(&inner, json_integer(7));
	shape_put(&shape, "inner", inner.json);
	shape_put(&shape, "empty", shape_array().json);
	return shape;
}

/* N elements, the first of which is large, as rows. */
static char *print_rows(unsigned n, int *ret_r)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct shape_rows rows = shape_rows(out, "rows");

	ck_assert_ptr_nonnull(out);
	for (unsigned i = 0; i < n; i++)
		shape_rows_add(&rows, element(i == 0 ? 60 : i));
	*ret_r = shape_rows_end(&rows);
	ck_assert_int_eq(fclose(out), 0);
	return text;
}

/* The same as a whole. */
static char *print_whole(unsigned n)
{
	struct shape whole = shape_object(), array = shape_array();
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(out);
	for (unsigned i = 0; i < n; i++)
		shape_append(&array, element(i == 0 ? 60 : i).json);
	shape_put(&whole, "rows", array.json);
	ck_assert_int_eq(shape_print(out, whole), 0);
	ck_assert_int_eq(fclose(out), 0);
	return text;
}

START_TEST(rows_are_what_the_whole_is)
{
	for (unsigned n = 0; n < 5; n++) {
		char *whole = print_whole(n), *rows;
		int r;

		rows = print_rows(n, &r);
		ck_assert_int_eq(r, 0);
		ck_assert_str_eq(rows, whole);
		free(rows);
		free(whole);
	}
}
END_TEST

START_TEST(a_lack_of_memory_is_said_at_the_end)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct shape_rows rows = shape_rows(out, "rows");

	ck_assert_ptr_nonnull(out);
	shape_rows_add(&rows, (struct shape){NULL});
	shape_rows_add(&rows, element(1));
	ck_assert_int_eq(shape_rows_end(&rows), -ENOMEM);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_str_eq(text, "");
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shape");
	TCase *tcase = tcase_create("rows");

	tcase_add_test(tcase, rows_are_what_the_whole_is);
	tcase_add_test(tcase, a_lack_of_memory_is_said_at_the_end);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
