/*
 * The header of shared variables as a peer may have left it: anything but what was formatted for
 * the same variables is refused, with a word for what is wrong.
 */
#include <check.h>
#include <stddef.h>
#include <string.h>

#include "base/attr.h"
#include "layout/vars_layout.h"
#include "support/suite.h"

static const struct vars_shape shape = {.instance = {1, 2, 3},
					.size = 8192,
					.fingerprint = 0x1234567890abcdef};

static struct vars_layout header;

static void set_up(void)
{
	memset(&header, 0, sizeof(header));
	vars_format(&header, &shape);
}

START_TEST(what_was_formatted_is_good)
{
	ck_assert_ptr_null(vars_fault(&header, &shape));
}
END_TEST

START_TEST(zeroed_memory_is_not)
{
	memset(&header, 0, sizeof(header));
	ck_assert_ptr_nonnull(vars_fault(&header, &shape));
}
END_TEST

static const struct {
	size_t offset;
	size_t size;
} fields[] = {
	{offsetof(struct vars_layout, magic), 8},
	{offsetof(struct vars_layout, version), 4},
	{offsetof(struct vars_layout, offset), 4},
	{offsetof(struct vars_layout, instance), 8},
	{offsetof(struct vars_layout, instance) + 8, 8},
	{offsetof(struct vars_layout, size), 8},
	{offsetof(struct vars_layout, fingerprint), 8},
};

START_TEST(each_field_counts_at_each_faulty_value)
{
	char *at = (char *)&header + fields[_i].offset;
	uint64_t right = 0;

	memcpy(&right, at, fields[_i].size);
	for (unsigned i = 0; i < 68; i++) {
		const uint64_t edges[] = {0, 1, UINT64_MAX, right + 1, right - 1};
		uint64_t wrong = i < 5 ? edges[i] : right ^ UINT64_C(1) << (i - 5);

		memcpy(at, &wrong, fields[_i].size);
		if (memcmp(at, &right, fields[_i].size) != 0)
			ck_assert_msg(vars_fault(&header, &shape) != NULL, "%zu: %#lx",
				      fields[_i].offset, (unsigned long)wrong);
		memcpy(at, &right, fields[_i].size);
	}
	ck_assert_ptr_null(vars_fault(&header, &shape));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("layout of shared variables");
	TCase *tcase = tcase_create("header");

	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_add_test(tcase, what_was_formatted_is_good);
	tcase_add_test(tcase, zeroed_memory_is_not);
	tcase_add_loop_test(tcase, each_field_counts_at_each_faulty_value, 0,
			    (int)ARRAY_SIZE(fields));
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
