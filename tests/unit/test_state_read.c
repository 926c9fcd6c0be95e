/*
 * Reading a state: the last version, one of the history, a look in place; and everything that makes
 * a value not be had.
 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include <shmbroker/error.h>

#include "base/attr.h"
#include "state_memory.h"
#include "support/child.h"
#include "support/says.h"
#include "support/suite.h"

#define VALUE_SIZE 100
#define SLOTS      8u
#define HISTORY    5u

static struct state_memory memory;
static struct shmb_state *reader, *writer;

static void start_with(uint64_t value_size)
{
	const struct state_shape shape = {.value_size = value_size,
					  .n_slots = SLOTS,
					  .history = HISTORY};

	state_memory_start(&memory, &shape);
	reader = state_memory_reader(&memory);
	writer = state_memory_writer(&memory);
}

static void start(void)
{
	start_with(VALUE_SIZE);
}

static void stop(void)
{
	state_memory_close(reader);
	state_memory_close(writer);
	state_memory_stop(&memory);
}

/* Every byte is a function of its version and its place. */
static void make_value(uint64_t version, unsigned char *value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		value[i] = (unsigned char)(version * 31 + i);
}

static void publish(size_t size)
{
	unsigned char value[VALUE_SIZE];
	uint64_t version = shmb_state_version(writer) + 1, published = 0;

	make_value(version, value, size);
	ck_assert_int_eq(shmb_state_publish(writer, value, size, SHMB_AT_ONCE, &published), 0);
	ck_assert_uint_eq(published, version);
}

static void publish_many(unsigned n)
{
	while (n-- > 0)
		publish(VALUE_SIZE);
}

/* Byte for byte what that version was, and nothing behind it touched. */
static void expect_value(const unsigned char *value, size_t room, uint64_t version, size_t size)
{
	unsigned char expected[VALUE_SIZE];

	make_value(version, expected, size);
	ck_assert_mem_eq(value, expected, size);
	for (size_t i = size; i < room; i++)
		ck_assert_uint_eq(value[i], 0xee);
}

static void expect_last(uint64_t version, size_t size)
{
	unsigned char value[VALUE_SIZE + 8];
	uint64_t found_version = 0;
	size_t found_size = 0;

	memset(value, 0xee, sizeof(value));
	ck_assert_int_eq(shmb_state_read(reader, value, sizeof(value), &found_version, &found_size),
			 0);
	ck_assert_uint_eq(found_version, version);
	ck_assert_uint_eq(found_size, size);
	expect_value(value, sizeof(value), version, size);
}

static void expect_version(uint64_t version, int outcome)
{
	unsigned char value[VALUE_SIZE];
	size_t size = 77;

	memset(value, 0xee, sizeof(value));
	ck_assert_int_eq(shmb_state_read_version(reader, version, value, sizeof(value), &size),
			 outcome);
	if (outcome == 0)
		expect_value(value, sizeof(value), version, size);
	else
		ck_assert_uint_eq(size, 77);
}

START_TEST(before_the_first_there_is_nothing)
{
	unsigned char value[VALUE_SIZE];
	struct shmb_state_view view;

	ck_assert_uint_eq(shmb_state_version(reader), 0);
	ck_assert_int_eq(shmb_state_read(reader, value, sizeof(value), NULL, NULL), SHMB_EMPTY);
	ck_assert_int_eq(shmb_state_look(reader, &view), SHMB_EMPTY);
	expect_version(1, SHMB_EMPTY);
}
END_TEST

START_TEST(the_last_one_is_read)
{
	for (uint64_t version = 1; version <= 3 * SLOTS; version++) {
		publish(VALUE_SIZE);
		ck_assert_uint_eq(shmb_state_version(reader), version);
		expect_last(version, VALUE_SIZE);
	}
	ck_assert_int_eq(shmb_state_read(reader, (char[VALUE_SIZE]){0}, VALUE_SIZE, NULL, NULL), 0);
}
END_TEST

/* Where it is in the line of the version, and where it begins the next one. */
START_TEST(values_of_every_size)
{
	static const uint64_t largest[] = {1, 48, 49, VALUE_SIZE};

	stop();
	for (size_t i = 0; i < ARRAY_SIZE(largest); i++) {
		start_with(largest[i]);
		for (size_t size = 0; size <= largest[i]; size++) {
			publish(size);
			expect_last(size + 1, size);
		}
		if (i + 1 < ARRAY_SIZE(largest))
			stop();
	}
}
END_TEST

START_TEST(a_buffer_that_is_too_small_stays_as_it_is)
{
	unsigned char value[VALUE_SIZE];
	uint64_t version = 77;
	size_t size = 0;

	publish(60);
	memset(value, 0xee, sizeof(value));
	ck_assert_int_eq(shmb_state_read(reader, value, 59, &version, &size), -EMSGSIZE);
	says("the value of the state \"");
	ck_assert_uint_eq(size, 60);
	ck_assert_uint_eq(version, 77);
	expect_value(value, sizeof(value), 1, 0);
	ck_assert_int_eq(shmb_state_read(reader, NULL, 0, NULL, &size), -EMSGSIZE);
	size = 0;
	ck_assert_int_eq(shmb_state_read_version(reader, 1, value, 59, &size), -EMSGSIZE);
	ck_assert_uint_eq(size, 60);
	expect_value(value, sizeof(value), 1, 0);
	ck_assert_int_eq(shmb_state_read(reader, value, 60, &version, &size), 0);
}
END_TEST

/* Wherever there are no bytes there need be no place for them either. */
START_TEST(nothing_is_a_value_too)
{
	struct shmb_state_view view;
	uint64_t version = 0;
	size_t size = 77;

	publish(0);
	ck_assert_int_eq(shmb_state_read(reader, NULL, 0, &version, &size), 0);
	ck_assert_uint_eq(version, 1);
	ck_assert_uint_eq(size, 0);
	ck_assert_int_eq(shmb_state_read_version(reader, 1, NULL, 0, &size), 0);
	ck_assert_int_eq(shmb_state_look(reader, &view), 0);
	ck_assert_uint_eq(view.size, 0);
	ck_assert_int_eq(shmb_state_publish(writer, NULL, 0, SHMB_AT_ONCE, NULL), 0);
	ck_assert_uint_eq(shmb_state_version(reader), 2);
}
END_TEST

START_TEST(the_history_has_so_many)
{
	for (uint64_t last = 1; last <= 3 * SLOTS; last++) {
		publish(VALUE_SIZE);
		for (uint64_t version = 1; version <= last + 2; version++)
			expect_version(version, version > last             ? SHMB_EMPTY
						: version + HISTORY > last ? 0
									   : SHMB_GONE);
	}
	ck_assert_int_eq(shmb_state_read_version(reader, 0, NULL, 0, NULL), -EINVAL);
	says("\" are counted from 1");
	expect_version(UINT64_MAX, SHMB_EMPTY);
}
END_TEST

START_TEST(a_look_holds_until_its_slot_is_taken)
{
	struct shmb_state_view view;

	publish_many(3);
	ck_assert_int_eq(shmb_state_look(reader, &view), 0);
	ck_assert_uint_eq(view.version, 3);
	ck_assert_uint_eq(view.size, VALUE_SIZE);
	expect_value(view.value, VALUE_SIZE, 3, VALUE_SIZE);
	for (unsigned i = 0; i < SLOTS - 1; i++) {
		publish(VALUE_SIZE);
		ck_assert(shmb_state_view_is_valid(reader, &view));
		expect_value(view.value, VALUE_SIZE, 3, VALUE_SIZE);
	}
	publish(VALUE_SIZE);
	ck_assert(!shmb_state_view_is_valid(reader, &view));
}
END_TEST

/* What a writer leaves who is killed between two steps: see proto/layout/state_layout.h. */
static void begin_version(uint64_t version, size_t n_bytes, bool is_whole)
{
	struct state_slot *slot = state_slot(&memory.view, version);

	atomic_store(&slot->version, 0);
	atomic_store(&slot->size, VALUE_SIZE);
	memset(state_value(&memory.view, slot), 0x55, n_bytes);
	if (is_whole)
		atomic_store(&slot->version, version);
}

START_TEST(a_version_that_was_begun_is_not_seen)
{
	for (unsigned round = 1; round <= 3 * SLOTS; round++) {
		struct shmb_state_view view;

		publish(VALUE_SIZE);
		for (size_t n_bytes = 0; n_bytes <= VALUE_SIZE; n_bytes += VALUE_SIZE / 2) {
			begin_version(round + 1, n_bytes, n_bytes == VALUE_SIZE);
			expect_last(round, VALUE_SIZE);
			ck_assert_int_eq(shmb_state_look(reader, &view), 0);
			ck_assert_uint_eq(view.version, round);
			expect_version(round + 1, SHMB_EMPTY);
			if (round >= HISTORY)
				expect_version(round + 1 - HISTORY, 0);
		}
	}
	publish(VALUE_SIZE);
	expect_last(3 * SLOTS + 1, VALUE_SIZE);
}
END_TEST

/* The slot of the last version does not hold it: no order of honest steps comes to that. */
START_TEST(a_last_version_that_is_nowhere_is_nonsense)
{
	static const uint64_t versions[] = {2, SLOTS, SLOTS + 1, UINT32_MAX, UINT64_MAX};
	unsigned char value[VALUE_SIZE];
	struct shmb_state_view view;

	publish(VALUE_SIZE);
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		atomic_store(&memory.header->last, versions[i]);
		ck_assert_int_eq(shmb_state_read(reader, value, sizeof(value), NULL, NULL),
				 -EBADMSG);
		says("\" makes no sense: one of its writers is broken; remove it");
		ck_assert_int_eq(shmb_state_look(reader, &view), -EBADMSG);
		expect_version(versions[i], SHMB_GONE);
	}
	atomic_store(&memory.header->last, 1);
	expect_last(1, VALUE_SIZE);
}
END_TEST

START_TEST(an_impossible_size_is_nonsense)
{
	static const uint64_t sizes[] = {VALUE_SIZE + 1, UINT32_MAX, UINT64_MAX / 2, UINT64_MAX};
	unsigned char value[4 * VALUE_SIZE];
	struct shmb_state_view view;

	publish(VALUE_SIZE);
	memset(value, 0xee, sizeof(value));
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t size = 77;

		atomic_store(&state_slot(&memory.view, 1)->size, sizes[i]);
		ck_assert_int_eq(shmb_state_read(reader, value, sizeof(value), NULL, &size),
				 -EBADMSG);
		ck_assert_int_eq(shmb_state_read_version(reader, 1, value, sizeof(value), &size),
				 -EBADMSG);
		ck_assert_int_eq(shmb_state_look(reader, &view), -EBADMSG);
		ck_assert_uint_eq(size, 77);
		expect_value(value, sizeof(value), 1, 0);
	}
	publish(VALUE_SIZE);
	expect_last(2, VALUE_SIZE);
}
END_TEST

static int use_parents_handle(struct child *self attr_unused, void *data attr_unused)
{
	struct shmb_state_view view = {.version = 1};
	unsigned char value[VALUE_SIZE];

	ck_assert_int_eq(shmb_state_read(reader, value, sizeof(value), NULL, NULL), -EOWNERDEAD);
	ck_assert_int_eq(shmb_state_read_version(reader, 1, value, sizeof(value), NULL),
			 -EOWNERDEAD);
	ck_assert_int_eq(shmb_state_look(reader, &view), -EOWNERDEAD);
	ck_assert(!shmb_state_view_is_valid(reader, &view));
	ck_assert_uint_eq(shmb_state_version(reader), 0);
	ck_assert_int_eq(shmb_state_wait(reader, 0, SHMB_NO_DEADLINE, NULL), -EOWNERDEAD);
	ck_assert_int_eq(shmb_state_publish(writer, value, 1, SHMB_NO_DEADLINE, NULL), -EOWNERDEAD);
	return 0;
}

START_TEST(a_forked_child_is_told)
{
	publish(VALUE_SIZE);
	child_run(use_parents_handle, NULL);
	expect_last(1, VALUE_SIZE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("state_read");
	TCase *tcase = tcase_create("state_read");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, before_the_first_there_is_nothing);
	tcase_add_test(tcase, the_last_one_is_read);
	tcase_add_test(tcase, values_of_every_size);
	tcase_add_test(tcase, a_buffer_that_is_too_small_stays_as_it_is);
	tcase_add_test(tcase, nothing_is_a_value_too);
	tcase_add_test(tcase, the_history_has_so_many);
	tcase_add_test(tcase, a_look_holds_until_its_slot_is_taken);
	tcase_add_test(tcase, a_version_that_was_begun_is_not_seen);
	tcase_add_test(tcase, a_last_version_that_is_nowhere_is_nonsense);
	tcase_add_test(tcase, an_impossible_size_is_nonsense);
	tcase_add_test(tcase, a_forked_child_is_told);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
