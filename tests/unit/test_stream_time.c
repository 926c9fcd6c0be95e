/*
 * Records by their time: of all lanes the one that was sent first, once it is old enough.
 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include <shmbroker/error.h>

#include "base/attr.h"
#include "base/clock.h"
#include "stream_memory.h"
#include "support/chance.h"
#include "support/child.h"
#include "support/sanitizers.h"
#include "support/says.h"
#include "support/suite.h"

#define LANE      4096u
#define LANES     4u
#define SETTLE_US 50000u
#define MANY      (IS_ASAN || IS_TSAN ? 5000u : 50000u)

static struct stream_memory memory;
static struct shmb_stream *stream;

static void start_with(unsigned flags)
{
	const struct stream_shape shape = {.lane_size = LANE,
					   .n_lanes = LANES,
					   .n_seats = 2,
					   .flags = flags};

	stream_memory_start(&memory, &shape);
	stream = stream_memory_join(&memory);
}

static void start(void)
{
	start_with(STREAM_TIMES);
}

static void start_without(void)
{
	start_with(0);
}

static void start_queue(void)
{
	start_with(STREAM_TIMES | STREAM_QUEUE);
}

static void stop(void)
{
	stream_memory_close(stream);
	stream_memory_stop(&memory);
}

static struct shmb_consumer *consumer_of(uint32_t settle_us)
{
	const struct shmb_consumer_options options = {.by_time = true, .settle_us = settle_us};

	return stream_memory_consumer(stream, &options);
}

START_TEST(lanes_are_merged_by_time)
{
	struct shmb_consumer *consumer = consumer_of(0);
	struct shmb_producer *producers[LANES];
	struct shmb_record record;
	struct chance chance;
	unsigned value, n;

	chance_init(&chance);
	for (unsigned i = 0; i < LANES; i++)
		producers[i] = stream_memory_producer(stream);
	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 0; i < 50; i++)
			must(shmb_producer_send(producers[chance_below(&chance, LANES)], &i,
						sizeof(i), SHMB_AT_ONCE) == 0);
		for (unsigned i = 0; i < 50; i++) {
			if (i % 2) {
				ck_assert_int_eq(shmb_consumer_take(consumer, &value, sizeof(value),
								    SHMB_AT_ONCE, NULL),
						 0);
			} else {
				ck_assert_int_eq(shmb_consumer_peek(consumer, &record, 1,
								    SHMB_AT_ONCE, &n),
						 0);
				memcpy(&value, record.data, sizeof(value));
				ck_assert_int_eq(shmb_consumer_release(consumer, 1), 0);
			}
			ck_assert_uint_eq(value, i);
		}
	}
	for (unsigned i = 0; i < LANES; i++)
		shmb_producer_close(producers[i]);
	shmb_consumer_close(consumer);
}
END_TEST

/* The second producer was stopped between the time and the commit. */
START_TEST(what_comes_late_comes_before_while_it_settles)
{
	struct shmb_consumer *consumer = consumer_of(SETTLE_US);
	struct shmb_producer *one = stream_memory_producer(stream),
			     *late = stream_memory_producer(stream);
	uint64_t before = clock_now_ns(), begun;
	struct shmb_record record;
	char text[8];

	ck_assert_int_eq(shmb_producer_send(one, "one", 4, SHMB_AT_ONCE), 0);
	begun = clock_now_ns();
	ck_assert_int_eq(shmb_consumer_take(consumer, text, sizeof(text), SHMB_AT_ONCE, NULL),
			 SHMB_EMPTY);
	ck_assert_int_eq(shmb_consumer_take(consumer, text, sizeof(text), clock_now_ns() + 1000,
					    NULL),
			 -ETIMEDOUT);
	says("\" until the deadline");
	ck_assert_int_eq(shmb_producer_send(late, "late", 5, SHMB_AT_ONCE), 0);
	atomic_store(stream_at(late->lane, late->mask, 8), before);
	ck_assert_int_eq(shmb_consumer_take(consumer, text, sizeof(text), shmb_deadline_in_ms(5000),
					    &record),
			 0);
	ck_assert_str_eq(text, "late");
	ck_assert_uint_eq(record.time_ns, before);
	ck_assert_int_eq(shmb_consumer_take(consumer, text, sizeof(text), shmb_deadline_in_ms(5000),
					    &record),
			 0);
	ck_assert_str_eq(text, "one");
	ck_assert_uint_ge(clock_now_ns(), record.time_ns + SETTLE_US * UINT64_C(1000));
	ck_assert_uint_le(record.time_ns, begun);
	shmb_producer_close(one);
	shmb_producer_close(late);
	shmb_consumer_close(consumer);
}
END_TEST

/* Nobody waits for the time that stands in it. */
START_TEST(one_from_the_future_is_taken_at_once)
{
	struct shmb_consumer *consumer = consumer_of(SETTLE_US);
	struct shmb_producer *producer = stream_memory_producer(stream);
	struct shmb_record record;

	ck_assert_int_eq(shmb_producer_send(producer, "x", 1, SHMB_AT_ONCE), 0);
	atomic_store(stream_at(producer->lane, producer->mask, 8), UINT64_MAX);
	ck_assert_int_eq(shmb_consumer_take(consumer, &(char){0}, 1, SHMB_AT_ONCE, &record), 0);
	shmb_producer_close(producer);
	shmb_consumer_close(consumer);
}
END_TEST

static int send_many(struct child *self attr_unused, void *data attr_unused)
{
	struct shmb_producer *producer = stream_memory_producer(stream_memory_join(&memory));

	for (unsigned i = 0; i < MANY; i++)
		must(shmb_producer_send(producer, &i, sizeof(i), shmb_deadline_in_ms(20000)) == 0);
	shmb_producer_close(producer);
	return 0;
}

/* Each lane in its order, none lost; and by time but for those that were later than it was waited
 * for, of which there may be some where processes are stopped for long. */
START_TEST(of_many_processes_nothing_is_lost)
{
	struct shmb_consumer *consumer = consumer_of(2000);
	struct child children[LANES];
	uint32_t next[LANES] = {0};
	unsigned n_late = 0;
	uint64_t last = 0;

	for (unsigned i = 0; i < LANES; i++)
		child_start(&children[i], send_many, NULL);
	for (unsigned i = 0; i < LANES * MANY; i++) {
		struct shmb_record record;
		uint32_t value;

		must(shmb_consumer_take(consumer, &value, sizeof(value), shmb_deadline_in_ms(20000),
					&record) == 0);
		must(record.lost == 0 && value == next[record.lane]++);
		n_late += record.time_ns < last;
		last = record.time_ns;
	}
	ck_assert_uint_lt(n_late, MANY);
	for (unsigned i = 0; i < LANES; i++)
		ck_assert_int_eq(child_wait(&children[i]), 0);
	shmb_consumer_close(consumer);
}
END_TEST

START_TEST(without_times_there_is_no_order)
{
	const struct shmb_consumer_options by_time = {.by_time = true}, settling = {.settle_us = 1};
	struct shmb_consumer *consumer;

	ck_assert_int_eq(shmb_consumer_open(stream, &by_time, &consumer), -EINVAL);
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "time"));
	ck_assert_int_eq(shmb_consumer_open(stream, &settling, &consumer), -EINVAL);
}
END_TEST

START_TEST(of_a_queue_only_onlookers_have_it)
{
	const struct shmb_consumer_options taking = {.by_time = true},
					   looking = {.by_time = true, .looks_on = true};
	struct shmb_consumer *consumer;

	ck_assert_int_eq(shmb_consumer_open(stream, &taking, &consumer), -EINVAL);
	ck_assert_int_eq(shmb_consumer_open(stream, &looking, &consumer), 0);
	shmb_consumer_close(consumer);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stream_time");
	TCase *times = tcase_create("times");
	TCase *none = tcase_create("none");
	TCase *queue = tcase_create("queue");

	tcase_add_checked_fixture(times, start, stop);
	tcase_set_timeout(times, 120);
	tcase_add_test(times, lanes_are_merged_by_time);
	tcase_add_test(times, what_comes_late_comes_before_while_it_settles);
	tcase_add_test(times, one_from_the_future_is_taken_at_once);
	tcase_add_test(times, of_many_processes_nothing_is_lost);
	tcase_add_checked_fixture(none, start_without, stop);
	tcase_add_test(none, without_times_there_is_no_order);
	tcase_add_checked_fixture(queue, start_queue, stop);
	tcase_add_test(queue, of_a_queue_only_onlookers_have_it);
	suite_add_tcase(suite, times);
	suite_add_tcase(suite, none);
	suite_add_tcase(suite, queue);
	return suite_run(suite);
}
