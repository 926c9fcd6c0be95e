/*
 * Taking: each consumer sees all from where it begins, holds producers back while it lives, and is
 * told what it lost.
 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include <shmbroker/error.h>

#include "base/attr.h"
#include "stream_memory.h"
#include "support/child.h"
#include "support/says.h"
#include "support/suite.h"

#define LANE  4096u
#define LANES 3u
#define SEATS 2u

static struct stream_memory memory;
static struct shmb_stream *stream;
static struct shmb_producer *producer;

static void start_with(unsigned flags)
{
	const struct stream_shape shape = {.lane_size = LANE,
					   .n_lanes = LANES,
					   .n_seats = SEATS,
					   .flags = flags};

	stream_memory_start(&memory, &shape);
	stream = stream_memory_join(&memory);
	ck_assert_int_eq(shmb_producer_open(stream, &producer), 0);
}

static void start(void)
{
	start_with(0);
}

static void start_overwriting(void)
{
	start_with(STREAM_OVERWRITE);
}

static void stop(void)
{
	shmb_producer_close(producer);
	stream_memory_close(stream);
	stream_memory_stop(&memory);
}

static void send_number(uint64_t number)
{
	must(shmb_producer_send(producer, &number, sizeof(number), SHMB_AT_ONCE) == 0);
}

/* Send until the lane is full. Returns how many those were. */
static unsigned fill_lane(uint64_t first)
{
	unsigned n = 0;

	while (shmb_producer_send(producer, &first, sizeof(first), SHMB_AT_ONCE) == 0) {
		first++;
		n++;
	}
	return n;
}

static struct shmb_consumer *consumer_of(struct shmb_stream *of, enum shmb_start start)
{
	const struct shmb_consumer_options options = {.start = start, .looks_on = !of->member};
	struct shmb_consumer *consumer;

	ck_assert_int_eq(shmb_consumer_open(of, &options, &consumer), 0);
	return consumer;
}

static uint64_t take_number(struct shmb_consumer *consumer, uint64_t *ret_lost)
{
	struct shmb_record record;
	uint64_t number = 0;

	must(shmb_consumer_take(consumer, &number, sizeof(number), SHMB_AT_ONCE, &record) == 0);
	must(record.size == sizeof(number));
	if (ret_lost)
		*ret_lost = record.lost;
	return number;
}

static void expect_empty(struct shmb_consumer *consumer)
{
	ck_assert_int_eq(shmb_consumer_take(consumer, NULL, 0, SHMB_AT_ONCE, NULL), SHMB_EMPTY);
}

START_TEST(each_consumer_sees_each_record)
{
	struct shmb_consumer *first = consumer_of(stream, SHMB_START_NOW);
	struct shmb_consumer *second = consumer_of(stream, SHMB_START_NOW);

	for (uint64_t i = 0; i < 100; i++)
		send_number(i);
	for (uint64_t i = 0; i < 100; i++)
		must(take_number(first, NULL) == i);
	for (uint64_t i = 0; i < 100; i++)
		must(take_number(second, NULL) == i);
	expect_empty(first);
	expect_empty(second);
	shmb_consumer_close(first);
	shmb_consumer_close(second);
}
END_TEST

START_TEST(it_begins_where_it_was_asked_to)
{
	struct shmb_consumer *oldest, *now;

	send_number(1);
	send_number(2);
	oldest = consumer_of(stream, SHMB_START_OLDEST);
	now = consumer_of(stream, SHMB_START_NOW);
	send_number(3);
	for (uint64_t i = 1; i <= 3; i++)
		ck_assert_uint_eq(take_number(oldest, NULL), i);
	ck_assert_uint_eq(take_number(now, NULL), 3);
	expect_empty(now);
	shmb_consumer_close(oldest);
	shmb_consumer_close(now);
}
END_TEST

/* Without a consumer a stream never fills, and keeps the last records. */
START_TEST(a_late_consumer_finds_the_last_records)
{
	struct shmb_consumer *consumer;
	uint64_t first, n = 1;

	for (uint64_t i = 0; i < 10000; i++)
		send_number(i);
	consumer = consumer_of(stream, SHMB_START_OLDEST);
	first = take_number(consumer, NULL);
	while (n < 10000 - first) {
		must(take_number(consumer, NULL) == first + n);
		n++;
	}
	expect_empty(consumer);
	ck_assert_uint_ge(n, LANE / 16 * 3 / 4);
	shmb_consumer_close(consumer);
}
END_TEST

START_TEST(a_buffer_too_small_loses_nothing)
{
	struct shmb_consumer *consumer = consumer_of(stream, SHMB_START_NOW);
	struct shmb_record record = {.size = 0};
	char text[4] = "abc";

	ck_assert_int_eq(shmb_producer_send(producer, "12345", 5, SHMB_AT_ONCE), 0);
	ck_assert_int_eq(shmb_consumer_take(consumer, text, sizeof(text), SHMB_AT_ONCE, &record),
			 -EMSGSIZE);
	ck_assert_uint_eq(record.size, 5);
	ck_assert_str_eq(text, "abc");
	ck_assert_int_eq(shmb_consumer_take(consumer, &(char[8]){0}, 8, SHMB_AT_ONCE, &record), 0);
	expect_empty(consumer);
	shmb_consumer_close(consumer);
}
END_TEST

START_TEST(many_are_looked_at_in_place)
{
	struct shmb_consumer *consumer = consumer_of(stream, SHMB_START_NOW);
	struct shmb_record records[100];
	uint64_t taken = 0;
	unsigned n = 77;

	ck_assert_int_eq(shmb_consumer_peek(consumer, records, 10, SHMB_AT_ONCE, &n), SHMB_EMPTY);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(shmb_consumer_release(consumer, 1), -EINVAL);
	for (uint64_t i = 0; i < 200; i++)
		send_number(i);
	while (taken < 200) {
		ck_assert_int_eq(shmb_consumer_peek(consumer, records, ARRAY_SIZE(records),
						    SHMB_AT_ONCE, &n),
				 0);
		ck_assert_uint_le(n, SHMB_STREAM_BATCH_MAX);
		for (unsigned i = 0; i < n; i++) {
			must(*(const uint64_t *)records[i].data == taken + i);
			must(records[i].number == taken + i);
		}
		ck_assert_int_eq(shmb_consumer_release(consumer, n + 1), -EINVAL);
		ck_assert_int_eq(shmb_consumer_release(consumer, 0), -EINVAL);
		if (n > 1)
			ck_assert_int_eq(shmb_consumer_release(consumer, n - 1), 0);
		ck_assert_int_eq(shmb_consumer_release(consumer, 1), 0);
		ck_assert_int_eq(shmb_consumer_release(consumer, 1), -EINVAL);
		taken += n;
	}
	/* What is not released comes again. */
	send_number(7);
	ck_assert_int_eq(shmb_consumer_peek(consumer, records, 1, SHMB_AT_ONCE, &n), 0);
	ck_assert_uint_eq(take_number(consumer, NULL), 7);
	expect_empty(consumer);
	shmb_consumer_close(consumer);
}
END_TEST

START_TEST(what_is_overwritten_under_the_eyes_is_told)
{
	struct shmb_consumer *consumer = consumer_of(stream, SHMB_START_NOW);
	struct shmb_record record;
	uint64_t lost;
	unsigned n;

	send_number(0);
	ck_assert_int_eq(shmb_consumer_peek(consumer, &record, 1, SHMB_AT_ONCE, &n), 0);
	for (uint64_t i = 1; i < 1000; i++)
		send_number(i);
	ck_assert_int_eq(shmb_consumer_release(consumer, 1), SHMB_GONE);
	ck_assert_uint_eq(take_number(consumer, &lost), lost + 1);
	ck_assert_uint_gt(lost, 0);
	shmb_consumer_close(consumer);
}
END_TEST

START_TEST(lanes_take_turns_and_keep_their_order)
{
	struct shmb_consumer *consumer = consumer_of(stream, SHMB_START_NOW);
	struct shmb_producer *producers[LANES] = {producer};
	uint64_t next[LANES] = {0};

	for (unsigned lane = 1; lane < LANES; lane++)
		ck_assert_int_eq(shmb_producer_open(stream, &producers[lane]), 0);
	for (uint64_t i = 0; i < 200; i++)
		for (unsigned lane = 0; lane < LANES; lane++)
			must(shmb_producer_send(producers[lane], &i, sizeof(i), SHMB_AT_ONCE) == 0);
	for (unsigned i = 0; i < 200 * LANES; i++) {
		struct shmb_record record;
		uint64_t number;

		must(shmb_consumer_take(consumer, &number, sizeof(number), SHMB_AT_ONCE, &record) ==
		     0);
		must(record.lane < LANES && number == next[record.lane]++);
		/* None is left behind for long. */
		for (unsigned lane = 0; lane < LANES; lane++)
			must(next[lane] + 128 >= number);
	}
	expect_empty(consumer);
	for (unsigned lane = 1; lane < LANES; lane++)
		shmb_producer_close(producers[lane]);
	shmb_consumer_close(consumer);
}
END_TEST

START_TEST(seats_are_taken_and_given_back)
{
	struct shmb_consumer *consumers[SEATS], *another;

	for (unsigned i = 0; i < SEATS; i++)
		consumers[i] = consumer_of(stream, SHMB_START_NOW);
	ck_assert_int_eq(shmb_consumer_open(stream, NULL, &another), -EBUSY);
	says(" consumers, which is as many as it can have; make it with");
	shmb_consumer_close(consumers[0]);
	consumers[0] = consumer_of(stream, SHMB_START_NOW);
	for (unsigned i = 0; i < SEATS; i++)
		shmb_consumer_close(consumers[i]);
}
END_TEST

/* A full lane has room again once who held it back is gone. */
START_TEST(the_dead_hold_nobody_back)
{
	struct shmb_stream *dying = stream_memory_join(&memory);
	struct shmb_consumer *consumer = consumer_of(dying, SHMB_START_NOW);
	struct shmb_consumer *heirs[SEATS], *another;

	ck_assert_uint_gt(fill_lane(0), 0);
	stream_memory_bury(&memory, dying);
	ck_assert_int_eq(shmb_producer_send(producer, "x", 1, SHMB_AT_ONCE), 0);
	for (unsigned i = 0; i < SEATS; i++)
		heirs[i] = consumer_of(stream, SHMB_START_NOW);
	ck_assert_int_eq(shmb_consumer_open(stream, NULL, &another), -EBUSY);
	/* Its seat is another's by now, and what it does touches nobody. */
	ck_assert_int_eq(shmb_consumer_take(consumer, NULL, 0, SHMB_AT_ONCE, NULL), -ECANCELED);
	shmb_consumer_close(consumer);
	ck_assert_int_eq(shmb_consumer_open(stream, NULL, &another), -EBUSY);
	for (unsigned i = 0; i < SEATS; i++)
		shmb_consumer_close(heirs[i]);
	stream_memory_close(dying);
}
END_TEST

START_TEST(who_leaves_holds_nobody_back)
{
	struct shmb_consumer *consumer = consumer_of(stream, SHMB_START_NOW);

	ck_assert_uint_gt(fill_lane(0), 0);
	shmb_consumer_close(consumer);
	ck_assert_int_eq(shmb_producer_send(producer, "x", 1, SHMB_AT_ONCE), 0);
}
END_TEST

/* Through a mapping that is read-only, without a place, and told what it lost. */
START_TEST(who_looks_on_holds_nobody_back)
{
	struct shmb_stream *looking = stream_memory_look(&memory);
	struct shmb_consumer *consumer = consumer_of(looking, SHMB_START_NOW), *another;
	uint64_t lost, number;

	send_number(0);
	ck_assert_uint_eq(take_number(consumer, NULL), 0);
	for (uint64_t i = 1; i < 10000; i++)
		send_number(i);
	number = take_number(consumer, &lost);
	ck_assert_uint_gt(lost, 0);
	ck_assert_uint_eq(number, lost + 1);
	ck_assert_int_eq(shmb_consumer_open(looking, NULL, &another), -EPERM);
	shmb_consumer_close(consumer);
	stream_memory_close(looking);
}
END_TEST

/* What a peer wrote costs what is in that lane, is said once, and the others go on. */
START_TEST(a_damaged_lane_is_left_behind)
{
	static const uint64_t nonsense[] = {1, UINT64_MAX, UINT64_C(1) << 30 | 2000,
					    UINT64_C(5) << 32 | UINT64_C(1) << 30 | 8};
	struct shmb_consumer *consumer = consumer_of(stream, SHMB_START_NOW);
	struct shmb_producer *other;
	struct shmb_record record;
	unsigned n;

	ck_assert_int_eq(shmb_producer_open(stream, &other), 0);
	for (size_t i = 0; i < ARRAY_SIZE(nonsense); i++) {
		uint64_t value = i;

		send_number(i);
		ck_assert_int_eq(shmb_producer_send(other, &value, sizeof(value), SHMB_AT_ONCE), 0);
		atomic_store(stream_at(producer->lane, producer->mask, producer->position - 16),
			     nonsense[i]);
		consumer->lane = 0;
		ck_assert_msg(shmb_consumer_take(consumer, &value, sizeof(value), SHMB_AT_ONCE,
						 NULL) == -EBADMSG,
			      "%#lx is taken for a record", (unsigned long)nonsense[i]);
		ck_assert_ptr_nonnull(strstr(shmb_last_error(), "lane 0"));
		ck_assert_uint_eq(take_number(consumer, NULL), i);
		expect_empty(consumer);
		send_number(i + 100);
		send_number(i + 101);
		ck_assert_int_eq(shmb_consumer_peek(consumer, &record, 1, SHMB_AT_ONCE, &n), 0);
		ck_assert_int_eq(shmb_consumer_release(consumer, 1), 0);
		ck_assert_uint_eq(take_number(consumer, NULL), i + 101);
	}
	shmb_producer_close(other);
	shmb_consumer_close(consumer);
}
END_TEST

START_TEST(a_lane_that_is_all_skipped_is_damaged)
{
	struct shmb_consumer *consumer = consumer_of(stream, SHMB_START_NOW);
	uint64_t number;

	send_number(0);
	atomic_store(stream_at(producer->lane, producer->mask, 0),
		     stream_record(STREAM_SKIP, 0, 0));
	ck_assert_int_eq(shmb_consumer_take(consumer, &number, sizeof(number), SHMB_AT_ONCE, NULL),
			 -EBADMSG);
	says("\" makes no sense: one of its peers is broken; what was in");
	expect_empty(consumer);
	shmb_consumer_close(consumer);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stream_take");
	TCase *waiting = tcase_create("waiting");
	TCase *overwriting = tcase_create("overwriting");

	tcase_add_checked_fixture(waiting, start, stop);
	tcase_add_test(waiting, each_consumer_sees_each_record);
	tcase_add_test(waiting, it_begins_where_it_was_asked_to);
	tcase_add_test(waiting, a_late_consumer_finds_the_last_records);
	tcase_add_test(waiting, a_buffer_too_small_loses_nothing);
	tcase_add_test(waiting, many_are_looked_at_in_place);
	tcase_add_test(waiting, lanes_take_turns_and_keep_their_order);
	tcase_add_test(waiting, seats_are_taken_and_given_back);
	tcase_add_test(waiting, the_dead_hold_nobody_back);
	tcase_add_test(waiting, who_leaves_holds_nobody_back);
	tcase_add_test(waiting, who_looks_on_holds_nobody_back);
	tcase_add_test(waiting, a_damaged_lane_is_left_behind);
	tcase_add_test(waiting, a_lane_that_is_all_skipped_is_damaged);
	tcase_add_checked_fixture(overwriting, start_overwriting, stop);
	tcase_add_test(overwriting, what_is_overwritten_under_the_eyes_is_told);
	suite_add_tcase(suite, waiting);
	suite_add_tcase(suite, overwriting);
	return suite_run(suite);
}
