/*
 * Both grammars are a number and a suffix, so both are a table of suffixes over one parser and one
 * printer.
 */
#include "base/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/checked.h"

struct unit {
	const char *suffix;
	uint64_t factor;
};

/* From the smallest to the largest: the printer takes the last one that divides. */
static const struct unit sizes[] = {
	{"", 1},
	{"B", 1},
	{"K", UINT64_C(1) << 10},
	{"M", UINT64_C(1) << 20},
	{"G", UINT64_C(1) << 30},
	{"T", UINT64_C(1) << 40},
};

static const struct unit durations[] = {
	{"ms", 1}, {"s", 1000}, {"min", 60 * 1000}, {"h", 3600 * 1000}, {"d", 86400 * 1000},
};

static int parse(const char *text, const struct unit *units, size_t n, uint64_t *ret)
{
	uint64_t number = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++)
		if (!checked_mul_u64(number, 10, &number) ||
		    !checked_add_u64(number, (uint64_t)(*at - '0'), &number))
			return -ERANGE;
	if (at == text)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (strcmp(at, units[i].suffix) == 0)
			return checked_mul_u64(number, units[i].factor, ret) ? 0 : -ERANGE;
	return -EINVAL;
}

static char *format(uint64_t value, const struct unit *units, size_t n, char *text)
{
	size_t best = 0;

	for (size_t i = 1; i < n; i++)
		if (value > 0 && value % units[i].factor == 0 && units[i].factor > 1)
			best = i;
	snprintf(text, UNITS_TEXT_MAX, "%" PRIu64 "%s", value / units[best].factor,
		 units[best].suffix);
	return text;
}

int units_parse_size(const char *text, uint64_t *ret_bytes)
{
	return parse(text, sizes, ARRAY_SIZE(sizes), ret_bytes);
}

int units_parse_duration(const char *text, uint64_t *ret_ms)
{
	if (strcmp(text, "0") == 0) {
		*ret_ms = 0;
		return 0;
	}
	return parse(text, durations, ARRAY_SIZE(durations), ret_ms);
}

char *units_format_size(uint64_t bytes, char text[static UNITS_TEXT_MAX])
{
	return format(bytes, sizes, ARRAY_SIZE(sizes), text);
}

char *units_format_duration(uint64_t ms, char text[static UNITS_TEXT_MAX])
{
	return format(ms, durations, ARRAY_SIZE(durations), text);
}
