/*
 * Consumers as descriptors: readable when there is something to take, or nothing any more.
 */
#include <shmbroker/poll.h>
#include <sys/syscall.h>

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <string.h>

#include <shmbroker/error.h>

#include "base/attr.h"
#include "stream_memory.h"
#include "support/child.h"
#include "support/eventually.h"
#include "support/forbid.h"
#include "support/sanitizers.h"
#include "support/says.h"
#include "support/suite.h"

#define LANE  4096u
#define LANES 4u
#define MANY  (IS_ASAN || IS_TSAN ? 2000u : 20000u)

static struct stream_memory memory;
static struct shmb_stream *stream;
static struct shmb_consumer *consumer;
static struct shmb_poll *watch;

static void start_with(unsigned flags)
{
	const struct stream_shape shape = {.lane_size = LANE,
					   .n_lanes = LANES,
					   .n_seats = 2,
					   .flags = flags};

	stream_memory_start(&memory, &shape);
	stream = stream_memory_join(&memory);
	consumer = stream_memory_consumer(stream, NULL);
	futex_rely_on_wakes(true);
	ck_assert_int_eq(shmb_consumer_poll(consumer, &watch), 0);
}

static void start(void)
{
	start_with(STREAM_TIMES);
}

static void start_queue(void)
{
	start_with(STREAM_QUEUE);
}

static void stop(void)
{
	shmb_poll_end(watch);
	futex_rely_on_wakes(false);
	shmb_consumer_close(consumer);
	stream_memory_close(stream);
	stream_memory_stop(&memory);
}

static bool is_readable_within(int ms)
{
	struct pollfd pollfd = {.fd = shmb_poll_fd(watch), .events = POLLIN};

	return poll(&pollfd, 1, ms) == 1;
}

static unsigned take_all(void)
{
	unsigned n = 0;

	while (shmb_consumer_take(consumer, &(unsigned){0}, sizeof(unsigned), SHMB_AT_ONCE, NULL) ==
	       0)
		n++;
	return n;
}

START_TEST(it_is_readable_when_there_is_a_record)
{
	struct shmb_producer *producer = stream_memory_producer(stream);

	ck_assert(!is_readable_within(100));
	for (unsigned i = 0; i < 200; i++) {
		ck_assert_int_eq(shmb_producer_send(producer, &i, sizeof(i), SHMB_AT_ONCE), 0);
		ck_assert(is_readable_within(PATIENCE_MS));
		ck_assert_int_eq(shmb_poll_again(watch, 0), 0);
		ck_assert(is_readable_within(0)); /* it has not been taken */
		ck_assert_uint_eq(take_all(), 1);
		ck_assert_int_eq(shmb_poll_again(watch, 0), 0);
		ck_assert(!is_readable_within(i % 16 ? 0 : 5));
	}
	shmb_producer_close(producer);
}
END_TEST

static int send_many(struct child *self attr_unused, void *data attr_unused)
{
	struct shmb_producer *producer = stream_memory_producer(stream_memory_join(&memory));

	for (unsigned i = 0; i < MANY; i++) {
		must(shmb_producer_send(producer, &i, sizeof(i), shmb_deadline_in_ms(60000)) == 0);
		if (i % 100 == 0)
			eventually_pause();
	}
	shmb_producer_close(producer);
	return 0;
}

START_TEST(an_event_loop_sees_all)
{
	struct child children[2];
	unsigned n = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(children); i++)
		child_start(&children[i], send_many, NULL);
	while (n < ARRAY_SIZE(children) * MANY) {
		ck_assert(is_readable_within(PATIENCE_MS));
		n += take_all();
		ck_assert_int_eq(shmb_poll_again(watch, 0), 0);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(children); i++)
		ck_assert_int_eq(child_wait(&children[i]), 0);
}
END_TEST

START_TEST(it_is_readable_when_the_seat_is_lost)
{
	ck_assert(!is_readable_within(50));
	ck_assert_int_eq(shmb_stream_evict(stream, consumer->ticket), 0);
	ck_assert(is_readable_within(PATIENCE_MS));
	ck_assert_int_eq(shmb_consumer_take(consumer, NULL, 0, SHMB_AT_ONCE, NULL), -ECANCELED);
}
END_TEST

/* Through a mapping that is read-only. */
START_TEST(an_onlooker_polls_too)
{
	const struct shmb_consumer_options looking = {.looks_on = true};
	struct shmb_stream *locked = stream_memory_look(&memory);
	struct shmb_producer *producer = stream_memory_producer(stream);
	struct shmb_consumer *onlooker = stream_memory_consumer(locked, &looking);

	shmb_poll_end(watch);
	ck_assert_int_eq(shmb_consumer_poll(onlooker, &watch), 0);
	ck_assert(!is_readable_within(50));
	ck_assert_int_eq(shmb_producer_send(producer, "x", 1, SHMB_AT_ONCE), 0);
	ck_assert(is_readable_within(PATIENCE_MS));
	shmb_poll_end(watch);
	watch = NULL;
	shmb_consumer_close(onlooker);
	shmb_producer_close(producer);
	stream_memory_close(locked);
}
END_TEST

START_TEST(without_a_descriptor_it_is_said)
{
	struct shmb_poll *none;

	forbid_call(SYS_eventfd2, -1, EMFILE);
	ck_assert_int_eq(shmb_consumer_poll(consumer, &none), -EMFILE);
	says("no descriptor, or no thread behind it, can be had to poll: ");
}
END_TEST

START_TEST(what_settles_is_not_polled)
{
	const struct shmb_consumer_options options = {.by_time = true, .settle_us = 1000};
	struct shmb_consumer *settling = stream_memory_consumer(stream, &options);
	struct shmb_poll *none;

	ck_assert_int_eq(shmb_consumer_poll(settling, &none), -EINVAL);
	says("\" that lets records settle cannot be polled: when one has");
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "settle"));
	shmb_consumer_close(settling);
}
END_TEST

START_TEST(it_is_readable_when_what_another_had_is_free)
{
	struct shmb_producer *producer = stream_memory_producer(stream);
	struct shmb_stream *dying = stream_memory_join(&memory);
	struct shmb_consumer *other = stream_memory_consumer(dying, NULL);
	struct shmb_record record;
	unsigned n;

	ck_assert_int_eq(shmb_producer_send(producer, "x", 1, SHMB_AT_ONCE), 0);
	ck_assert_int_eq(shmb_consumer_peek(other, &record, 1, SHMB_AT_ONCE, &n), 0);
	ck_assert(is_readable_within(PATIENCE_MS));
	ck_assert_uint_eq(take_all(), 0);
	ck_assert_int_eq(shmb_poll_again(watch, 0), 0);
	ck_assert(!is_readable_within(100));
	stream_memory_bury(&memory, dying);
	ck_assert(is_readable_within(PATIENCE_MS));
	ck_assert_uint_eq(take_all(), 1);
	shmb_consumer_close(other);
	shmb_producer_close(producer);
	stream_memory_close(dying);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stream_poll");
	TCase *broadcast = tcase_create("broadcast");
	TCase *queue = tcase_create("queue");

	tcase_add_checked_fixture(broadcast, start, stop);
	tcase_set_timeout(broadcast, 120);
	tcase_add_test(broadcast, it_is_readable_when_there_is_a_record);
	tcase_add_test(broadcast, an_event_loop_sees_all);
	tcase_add_test(broadcast, it_is_readable_when_the_seat_is_lost);
	tcase_add_test(broadcast, an_onlooker_polls_too);
	tcase_add_test(broadcast, what_settles_is_not_polled);
	tcase_add_test(broadcast, without_a_descriptor_it_is_said);
	tcase_add_checked_fixture(queue, start_queue, stop);
	tcase_add_test(queue, it_is_readable_when_the_seat_is_lost);
	tcase_add_test(queue, it_is_readable_when_what_another_had_is_free);
	suite_add_tcase(suite, broadcast);
	suite_add_tcase(suite, queue);
	return suite_run(suite);
}
