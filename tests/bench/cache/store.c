/*
 * The values: but for the marks of their keys they are all the same bytes.
 */
#include "cache/store.h"

const unsigned char *store_value(const struct item *item)
{
	static unsigned char value[STORE_VALUE];

	value_mark(value, item->size, item->number);
	return value;
}

void store_check(const struct item *item, const unsigned char *value)
{
	if (!value_is(value, item->size, item->number))
		bench_fail("a value of %u bytes is not that of key %u", (unsigned)item->size,
			   (unsigned)item->number);
}
