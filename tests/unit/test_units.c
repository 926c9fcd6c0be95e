/*
 * Sizes and durations: the grammar, its bounds, and that what is printed reads back as itself.
 */
#include <check.h>
#include <errno.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/units.h"
#include "support/suite.h"

typedef int parse_fn(const char *text, uint64_t *ret);

struct sample {
	const char *text;
	uint64_t value;
};

static void expect_values(parse_fn *parse, const struct sample *samples, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t value = 0;

		ck_assert_msg(parse(samples[i].text, &value) == 0, "'%s' was refused",
			      samples[i].text);
		ck_assert_msg(value == samples[i].value, "'%s' reads as %ju", samples[i].text,
			      (uintmax_t)value);
	}
}

static void expect_refusals(parse_fn *parse, const char *const *texts, size_t n, int error)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t value = 4711;

		ck_assert_msg(parse(texts[i], &value) == error, "'%s' was not refused", texts[i]);
		ck_assert_msg(value == 4711, "'%s' touched the value", texts[i]);
	}
}

START_TEST(sizes_read_as_powers_of_1024)
{
	static const struct sample samples[] = {
		{"0", 0},
		{"1", 1},
		{"007", 7},
		{"512B", 512},
		{"64K", 65536},
		{"64M", UINT64_C(64) << 20},
		{"3G", UINT64_C(3) << 30},
		{"128T", UINT64_C(1) << 47},
		{"18446744073709551615", UINT64_MAX},
	};

	expect_values(units_parse_size, samples, ARRAY_SIZE(samples));
}
END_TEST

START_TEST(what_is_not_a_size_is_refused)
{
	static const char *const faulty[] = {
		"",     "K",   "-1",  "+1",  " 1",  "1 ", "1k", "1KB",
		"1KiB", "1.5", "0x1", "1M1", "1e3", "1P", "١",  "1\n",
	};
	static const char *const huge[] = {
		"18446744073709551616",
		"99999999999999999999",
		"18446744073709551615K",
		"16777216T",
	};

	expect_refusals(units_parse_size, faulty, ARRAY_SIZE(faulty), -EINVAL);
	expect_refusals(units_parse_size, huge, ARRAY_SIZE(huge), -ERANGE);
}
END_TEST

START_TEST(durations_read_as_milliseconds)
{
	static const struct sample samples[] = {
		{"0", 0},         {"0s", 0},       {"250ms", 250},   {"30s", 30000},
		{"5min", 300000}, {"2h", 7200000}, {"1d", 86400000},
	};

	expect_values(units_parse_duration, samples, ARRAY_SIZE(samples));
}
END_TEST

START_TEST(what_is_not_a_duration_is_refused)
{
	static const char *const faulty[] = {
		"", "s", "1", "00", "10", "-1s", "1 s", "1S", "1m", "1.5s", "1s ", "1min30s",
	};
	static const char *const huge[] = {
		"18446744073709551616ms",
		"18446744073709551615s",
		"213503982335d",
	};

	expect_refusals(units_parse_duration, faulty, ARRAY_SIZE(faulty), -EINVAL);
	expect_refusals(units_parse_duration, huge, ARRAY_SIZE(huge), -ERANGE);
}
END_TEST

START_TEST(the_shortest_exact_form_is_printed)
{
	char text[UNITS_TEXT_MAX];

	ck_assert_str_eq(units_format_size(0, text), "0");
	ck_assert_str_eq(units_format_size(1000, text), "1000");
	ck_assert_str_eq(units_format_size(1024, text), "1K");
	ck_assert_str_eq(units_format_size(65536, text), "64K");
	ck_assert_str_eq(units_format_size(1536, text), "1536");
	ck_assert_str_eq(units_format_size(UINT64_C(1) << 47, text), "128T");
	ck_assert_str_eq(units_format_size(UINT64_MAX, text), "18446744073709551615");
	ck_assert_str_eq(units_format_duration(0, text), "0ms");
	ck_assert_str_eq(units_format_duration(999, text), "999ms");
	ck_assert_str_eq(units_format_duration(60000, text), "1min");
	ck_assert_str_eq(units_format_duration(90000, text), "90s");
	ck_assert_str_eq(units_format_duration(86400000, text), "1d");
	ck_assert_str_eq(units_format_duration(UINT64_MAX, text), "18446744073709551615ms");
}
END_TEST

/* One value for each of the 64 widths: shifted, and with its low bits mixed. */
START_TEST(what_is_printed_reads_back)
{
	uint64_t values[] = {UINT64_C(1) << _i, (UINT64_C(1) << _i) - 1,
			     (UINT64_C(0x9e3779b97f4a7c15) >> (63 - _i)) * 1000};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		char text[UNITS_TEXT_MAX];
		uint64_t back = ~values[i];

		ck_assert_int_eq(units_parse_size(units_format_size(values[i], text), &back), 0);
		ck_assert_uint_eq(back, values[i]);
		back = ~values[i];
		ck_assert_int_eq(units_parse_duration(units_format_duration(values[i], text),
						      &back),
				 0);
		ck_assert_uint_eq(back, values[i]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("units");
	TCase *sizes = tcase_create("sizes");
	TCase *durations = tcase_create("durations");
	TCase *both = tcase_create("both");

	tcase_add_test(sizes, sizes_read_as_powers_of_1024);
	tcase_add_test(sizes, what_is_not_a_size_is_refused);
	tcase_add_test(durations, durations_read_as_milliseconds);
	tcase_add_test(durations, what_is_not_a_duration_is_refused);
	tcase_add_test(both, the_shortest_exact_form_is_printed);
	tcase_add_loop_test(both, what_is_printed_reads_back, 0, 64);
	suite_add_tcase(suite, sizes);
	suite_add_tcase(suite, durations);
	suite_add_tcase(suite, both);
	return suite_run(suite);
}
