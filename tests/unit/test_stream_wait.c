/*
 * Waiting for records and for room: what ends a wait, and that whoever sleeps is woken by who has
 * something for him, without having to look by himself.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <shmbroker/error.h>

#include "base/attr.h"
#include "stream_memory.h"
#include "support/child.h"
#include "support/eventually.h"
#include "support/forbid.h"
#include "support/sanitizers.h"
#include "support/suite.h"

#define LANE   4096u
#define LANES  4u
#define FAR_MS 60000 /* later than anybody waits for a child */
#define MANY   (IS_ASAN || IS_TSAN ? 20000u : 200000u)

static struct stream_memory memory;
static struct shmb_stream *stream;

static void start(void)
{
	const struct stream_shape shape = {.lane_size = LANE, .n_lanes = LANES, .n_seats = 4};

	stream_memory_start(&memory, &shape);
	stream = stream_memory_join(&memory);
}

static void stop(void)
{
	stream_memory_close(stream);
	stream_memory_stop(&memory);
}

static struct shmb_consumer *consumer_of(struct shmb_stream *of)
{
	return stream_memory_consumer(of, NULL);
}

static unsigned fill_lane(struct shmb_producer *producer)
{
	unsigned n = 0;

	while (shmb_producer_send(producer, &n, sizeof(n), SHMB_AT_ONCE) == 0)
		n++;
	return n;
}

START_TEST(waits_end_at_their_deadlines)
{
	struct shmb_consumer *consumer = consumer_of(stream);
	struct shmb_producer *producer = stream_memory_producer(stream);
	uint64_t deadline = shmb_deadline_in_ms(50);
	struct shmb_record record;
	unsigned n;

	ck_assert_int_eq(shmb_consumer_take(consumer, NULL, 0, deadline, NULL), -ETIMEDOUT);
	ck_assert_uint_ge(shmb_deadline_in_ms(0), deadline);
	ck_assert_int_eq(shmb_consumer_take(consumer, NULL, 0, 1, NULL), -ETIMEDOUT);
	ck_assert_int_eq(shmb_consumer_peek(consumer, &record, 1, 1, &n), -ETIMEDOUT);
	ck_assert_uint_gt(fill_lane(producer), 0);
	deadline = shmb_deadline_in_ms(50);
	ck_assert_int_eq(shmb_producer_send(producer, "x", 1, deadline), -ETIMEDOUT);
	ck_assert_uint_ge(shmb_deadline_in_ms(0), deadline);
	ck_assert_int_eq(shmb_producer_send(producer, "x", 1, 1), -ETIMEDOUT);
	shmb_producer_close(producer);
	shmb_consumer_close(consumer);
}
END_TEST

/* A few records in every way, there and out again. */
static bool pass_some(struct shmb_producer *producer, struct shmb_consumer *consumer)
{
	const struct iovec both[] = {{(void *)(uintptr_t) "two", 3},
				     {(void *)(uintptr_t) "three", 5}};
	struct shmb_record records[4];
	char text[8];
	void *place;
	unsigned n;

	return shmb_producer_send(producer, "one", 3, SHMB_AT_ONCE) == 0 &&
	       shmb_producer_send_all(producer, both, 2, SHMB_AT_ONCE, NULL) == 0 &&
	       shmb_producer_reserve(producer, 4, SHMB_AT_ONCE, &place) == 0 &&
	       shmb_producer_commit(producer, 4) == 0 &&
	       shmb_consumer_take(consumer, text, sizeof(text), SHMB_AT_ONCE, NULL) == 0 &&
	       shmb_consumer_peek(consumer, records, 4, SHMB_AT_ONCE, &n) == 0 && n == 3 &&
	       shmb_consumer_release(consumer, n) == 0 &&
	       shmb_consumer_take(consumer, text, sizeof(text), SHMB_AT_ONCE, NULL) == SHMB_EMPTY;
}

static int pass_in_silence(struct child *self attr_unused, void *data attr_unused)
{
	struct shmb_stream *own = stream_memory_join(&memory);
	struct shmb_producer *producer = stream_memory_producer(own);
	struct shmb_consumer *consumer = consumer_of(own);
	bool is_well = true;

	/* Until both have left out the fence, which takes a call. */
	for (unsigned i = 0; i < 1000; i++)
		must(pass_some(producer, consumer));
	forbid_all_calls();
	for (unsigned i = 0; i < 1000 && is_well; i++)
		is_well = pass_some(producer, consumer);
	return (int)syscall(SYS_exit_group, is_well ? 0 : 1);
}

START_TEST(where_nobody_waits_there_is_no_system_call)
{
	child_run(pass_in_silence, NULL);
}
END_TEST

/* A peer can make a lane look as if there were something in it that cannot be taken. */
START_TEST(waits_end_also_where_something_looks_like_news)
{
	struct shmb_consumer *consumer = consumer_of(stream);

	atomic_store(&memory.view.heads[1].oldest, UINT64_MAX - 7);
	ck_assert_int_eq(shmb_consumer_take(consumer, NULL, 0, shmb_deadline_in_ms(50), NULL),
			 -ETIMEDOUT);
	atomic_store(&consumer->tracks[1].cursor, UINT64_C(1) << 63);
	atomic_store(&memory.view.heads[1].oldest, (UINT64_C(1) << 63) + 8);
	ck_assert_int_le(shmb_consumer_take(consumer, NULL, 0, shmb_deadline_in_ms(50), NULL), 0);
	shmb_consumer_close(consumer);
}
END_TEST

/* In another process: wait for a record, and say what it was. */
static int take_one(struct child *self, void *data attr_unused)
{
	struct shmb_stream *own = stream_memory_join(&memory);
	struct shmb_consumer *consumer = consumer_of(own);
	char text[16] = "";

	futex_rely_on_wakes(true);
	child_say(self, 0);
	must(shmb_consumer_take(consumer, text, sizeof(text), shmb_deadline_in_ms(FAR_MS), NULL) ==
	     0);
	child_say(self, text[0]);
	shmb_consumer_close(consumer);
	return 0;
}

START_TEST(all_who_wait_for_a_record_are_woken)
{
	struct shmb_producer *producer = stream_memory_producer(stream);
	struct child children[3];

	for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
		child_start(&children[i], take_one, NULL);
		ck_assert_int_eq(child_hear(&children[i]), 0);
	}
	eventually(atomic_load(&memory.twin.bell->rung) == 1);
	ck_assert_int_eq(shmb_producer_send(producer, "y", 1, SHMB_AT_ONCE), 0);
	for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
		ck_assert_int_eq(child_hear(&children[i]), 'y');
		ck_assert_int_eq(child_wait(&children[i]), 0);
	}
	shmb_producer_close(producer);
}
END_TEST

/* In another process: fill a lane, and wait for room for one more. */
static int send_one_too_many(struct child *self, void *data attr_unused)
{
	struct shmb_producer *producer = stream_memory_producer(stream_memory_join(&memory));

	futex_rely_on_wakes(true);
	child_say(self, fill_lane(producer));
	must(shmb_producer_send(producer, "x", 1, shmb_deadline_in_ms(FAR_MS)) == 0);
	child_say(self, 0);
	return 0;
}

static void start_sender(struct child *child)
{
	child_start(child, send_one_too_many, NULL);
	ck_assert_int_gt(child_hear(child), 0);
	eventually(atomic_load(&memory.view.heads[0].wanted) != 0);
	ck_assert(!child_has_said(child));
}

static void end_sender(struct child *child)
{
	ck_assert_int_eq(child_hear(child), 0);
	ck_assert_int_eq(child_wait(child), 0);
}

START_TEST(who_waits_for_room_is_woken_by_who_reads)
{
	struct shmb_consumer *consumer = consumer_of(stream);
	struct child child;

	start_sender(&child);
	while (shmb_consumer_take(consumer, &(unsigned){0}, 4, SHMB_AT_ONCE, NULL) == 0)
		;
	end_sender(&child);
	shmb_consumer_close(consumer);
}
END_TEST

START_TEST(who_waits_for_room_is_woken_by_who_leaves)
{
	struct shmb_consumer *consumer = consumer_of(stream);
	struct child child;

	start_sender(&child);
	shmb_consumer_close(consumer);
	end_sender(&child);
}
END_TEST

START_TEST(who_waits_for_room_is_woken_by_a_death)
{
	struct shmb_stream *dying = stream_memory_join(&memory);
	struct shmb_consumer *consumer = consumer_of(dying);
	struct child child;

	start_sender(&child);
	stream_memory_bury(&memory, dying);
	end_sender(&child);
	shmb_consumer_close(consumer);
	stream_memory_close(dying);
}
END_TEST

/* Whoever is slower is waited for, all the time, and in a lane that is full after a few. */
static int send_many(struct child *self attr_unused, void *data attr_unused)
{
	struct shmb_producer *producer = stream_memory_producer(stream_memory_join(&memory));
	unsigned char bytes[700] = {0};

	futex_rely_on_wakes(true);
	for (uint32_t i = 0; i < MANY; i++) {
		memcpy(bytes, &i, sizeof(i));
		must(shmb_producer_send(producer, bytes, 4 + i * 31 % 690,
					shmb_deadline_in_ms(FAR_MS)) == 0);
	}
	shmb_producer_close(producer);
	return 0;
}

static int take_many(struct child *self, void *data)
{
	struct shmb_consumer *consumer = consumer_of(stream_memory_join(&memory));
	unsigned n_producers = *(const unsigned *)data;
	uint32_t next[LANES] = {0};
	unsigned char bytes[700];

	futex_rely_on_wakes(true);
	child_say(self, 0);
	for (unsigned n = 0; n < n_producers * MANY; n++) {
		struct shmb_record record;
		uint32_t i;

		must(shmb_consumer_take(consumer, bytes, sizeof(bytes), shmb_deadline_in_ms(FAR_MS),
					&record) == 0);
		memcpy(&i, bytes, sizeof(i));
		must(i == next[record.lane]++ && record.size == 4 + i * 31 % 690);
	}
	shmb_consumer_close(consumer);
	return 0;
}

static void run_crowd(unsigned n_producers, unsigned n_consumers)
{
	struct child producers[LANES], consumers[4];

	for (unsigned i = 0; i < n_consumers; i++) {
		child_start(&consumers[i], take_many, &n_producers);
		ck_assert_int_eq(child_hear(&consumers[i]), 0);
	}
	for (unsigned i = 0; i < n_producers; i++)
		child_start(&producers[i], send_many, NULL);
	for (unsigned i = 0; i < n_producers; i++)
		ck_assert_int_eq(child_wait(&producers[i]), 0);
	for (unsigned i = 0; i < n_consumers; i++)
		ck_assert_int_eq(child_wait(&consumers[i]), 0);
}

START_TEST(no_wake_up_is_lost_between_two)
{
	run_crowd(1, 1);
}
END_TEST

START_TEST(no_wake_up_is_lost_among_many)
{
	run_crowd(LANES, 3);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stream_wait");
	TCase *tcase = tcase_create("stream_wait");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, waits_end_at_their_deadlines);
	tcase_add_test(tcase, where_nobody_waits_there_is_no_system_call);
	tcase_add_test(tcase, waits_end_also_where_something_looks_like_news);
	tcase_add_test(tcase, all_who_wait_for_a_record_are_woken);
	tcase_add_test(tcase, who_waits_for_room_is_woken_by_who_reads);
	tcase_add_test(tcase, who_waits_for_room_is_woken_by_who_leaves);
	tcase_add_test(tcase, who_waits_for_room_is_woken_by_a_death);
	tcase_add_test(tcase, no_wake_up_is_lost_between_two);
	tcase_add_test(tcase, no_wake_up_is_lost_among_many);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
