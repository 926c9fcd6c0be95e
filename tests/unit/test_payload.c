/*
 * Copies of payload: the bytes asked for and no others, at any alignment of either side; and
 * comparisons of it.
 */
#include <check.h>
#include <string.h>

#include "base/payload.h"
#include "support/guarded.h"
#include "support/suite.h"

#define SIZE_MOST  140
#define SHIFT_MOST 9

typedef void copy_fn(void *to, const void *from, size_t size);

static void read_plainly(void *to, const void *from, size_t size)
{
	payload_read(to, from, size);
}

static void read_small(void *to, const void *from, size_t size)
{
	if (size <= PAYLOAD_SMALL)
		payload_read_small(to, from, size);
	else
		memcpy(to, from, size);
}

/* Of a size that was foretold, and of one that was not. */
static void read_middle(void *to, const void *from, size_t size)
{
	if (size <= PAYLOAD_MIDDLE)
		payload_read_middle(to, from, payload_size(size, size & ~(size_t)1));
	else
		memcpy(to, from, size);
}

static void write_plainly(void *to, const void *from, size_t size)
{
	payload_write(to, from, size);
}

/* The last byte on each side is the last before memory that faults. */
static void copy_at_the_end(copy_fn *copy, size_t size)
{
	static unsigned char expected[SIZE_MOST];
	unsigned char *from = guarded_new(SIZE_MOST) + SIZE_MOST - size;
	unsigned char *to = guarded_new(SIZE_MOST) + SIZE_MOST - size;

	for (size_t i = 0; i < size; i++)
		from[i] = expected[i] = (unsigned char)(i + size);
	copy(to, from, size);
	ck_assert_mem_eq(to, expected, size);
}

/* All that is around it stays as it was. */
static void copy_in_the_middle(copy_fn *copy, size_t size, size_t from_shift, size_t to_shift)
{
	unsigned char from[SIZE_MOST + 2 * SHIFT_MOST], to[sizeof(from)], expected[sizeof(from)];

	for (size_t i = 0; i < sizeof(from); i++)
		from[i] = (unsigned char)(i + 1);
	memset(to, 0xee, sizeof(to));
	memcpy(expected, to, sizeof(to));
	memcpy(expected + to_shift, from + from_shift, size);
	copy(to + to_shift, from + from_shift, size);
	ck_assert_mem_eq(to, expected, sizeof(to));
}

static void try_all(copy_fn *copy)
{
	for (size_t size = 0; size <= SIZE_MOST; size++) {
		copy_at_the_end(copy, size);
		for (size_t i = 0; i < SHIFT_MOST * SHIFT_MOST; i++)
			copy_in_the_middle(copy, size, i % SHIFT_MOST, i / SHIFT_MOST);
	}
}

START_TEST(what_is_asked_for_is_copied)
{
	try_all(read_plainly);
	try_all(read_small);
	try_all(read_middle);
	try_all(write_plainly);
}
END_TEST

/* Both are the last bytes before memory that faults. */
START_TEST(every_byte_is_compared)
{
	for (size_t size = 1; size <= SIZE_MOST; size++) {
		unsigned char *shared = guarded_new(SIZE_MOST) + SIZE_MOST - size;
		unsigned char *private = guarded_new(SIZE_MOST) + SIZE_MOST - size;

		memset(shared, 'x', size);
		memset(private, 'x', size);
		ck_assert(payload_is(shared, private, size));
		for (size_t i = 0; i < size; i++) {
			shared[i] = 'X';
			ck_assert(!payload_is(shared, private, size));
			shared[i] = 'x';
		}
	}
}
END_TEST

START_TEST(word_by_word_too)
{
	try_all(payload_read_words);
	try_all(payload_write_words);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("payload");
	TCase *tcase = tcase_create("payload");

	tcase_add_test(tcase, what_is_asked_for_is_copied);
	tcase_add_test(tcase, every_byte_is_compared);
	tcase_add_test(tcase, word_by_word_too);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
