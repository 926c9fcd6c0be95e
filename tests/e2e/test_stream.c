/*
 * Streams through a real broker: created, found again, sent into and taken from by processes that
 * are killed at any moment.
 */
#include <check.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "library.h"
#include "support/chance.h"
#include "support/child.h"
#include "support/says.h"
#include "support/suite.h"

#define NAME   "stream"
#define FAR_MS 20000
#define LANES  4u

static const struct shmb_stream_options small = {.segment.flags = SHMB_CREATE,
						 .lane_size = 4096,
						 .lanes = LANES,
						 .consumers = 3};

static struct broker broker;
static struct shmb_connection *connection;

static void start(void)
{
	broker_start(&broker, NULL);
	connection = library_connect(&broker);
}

static void stop(void)
{
	shmb_disconnect(connection);
	broker_stop(&broker);
}

static struct shmb_stream *open_with(struct shmb_connection *of,
				     const struct shmb_stream_options *options)
{
	struct shmb_stream *stream;

	expect_ok(shmb_stream_open(of, NAME, options, &stream));
	return stream;
}

static struct shmb_producer *producer_of(struct shmb_stream *stream)
{
	struct shmb_producer *producer;

	expect_ok(shmb_producer_open(stream, &producer));
	return producer;
}

static struct shmb_consumer *consumer_of(struct shmb_stream *stream)
{
	struct shmb_consumer *consumer;

	expect_ok(shmb_consumer_open(stream, NULL, &consumer));
	return consumer;
}

START_TEST(it_is_as_its_creator_made_it)
{
	const struct shmb_stream_options larger = {.segment.flags = SHMB_CREATE,
						   .lane_size = 4000,
						   .lanes = 64,
						   .consumers = 64};
	const struct shmb_stream_options too_large = {.segment.flags = SHMB_CREATE,
						      .lane_size = 4097};
	struct shmb_stream *first = open_with(connection, &small);
	struct shmb_stream *second = open_with(connection, &larger);
	struct shmb_stream *looking = open_with(connection, NULL), *none;
	struct shmb_stream_facts facts;

	shmb_stream_info(second, &facts);
	ck_assert_uint_eq(facts.lane_size, 4096);
	ck_assert_uint_eq(facts.lanes, LANES);
	ck_assert_uint_eq(facts.consumers, 3);
	ck_assert_int_eq(facts.full, SHMB_FULL_WAIT);
	ck_assert_uint_gt(facts.record_size, 1900);
	ck_assert(facts.writes);
	shmb_stream_info(looking, &facts);
	ck_assert(!facts.writes);
	ck_assert(!facts.segment.writable);
	expect_refused(shmb_stream_open(connection, NAME, &too_large, &none), -EFBIG);
	says("the lanes of \"");
	shmb_stream_close(looking);
	shmb_stream_close(second);
	shmb_stream_close(first);
}
END_TEST

START_TEST(options_that_mean_nothing_are_refused)
{
	const struct shmb_stream_options bad[] = {
		{.segment = {.flags = SHMB_CREATE, .size = 4096}},
		{.segment = {.flags = SHMB_CREATE, .layout = "mine"}},
		{.segment.flags = SHMB_CREATE, .lane_size = SHMB_STREAM_LANE_MAX + 1},
		{.segment.flags = SHMB_CREATE, .lane_size = UINT64_MAX},
		{.segment.flags = SHMB_CREATE, .lanes = SHMB_STREAM_LANES_MAX + 1},
		{.segment.flags = SHMB_CREATE, .consumers = SHMB_STREAM_CONSUMERS_MAX + 1},
		{.segment.flags = SHMB_CREATE, .full = (enum shmb_full)3},
		{.segment.flags = SHMB_CREATE, .full = (enum shmb_full) - 1},
		{.segment.flags = SHMB_CREATE, .delivery = (enum shmb_delivery)2},
		{.segment.flags = SHMB_CREATE, .delivery = SHMB_QUEUE, .full = SHMB_FULL_OVERWRITE},
	};
	struct shmb_stream *stream;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		expect_refused(shmb_stream_open(connection, NAME, &bad[i], &stream), -EINVAL);
	expect_refused(shmb_stream_open(connection, NAME, NULL, &stream), -ENOENT);
}
END_TEST

START_TEST(what_is_no_stream_is_not_taken_for_one)
{
	const struct shmb_state_options state_options = {.segment.flags = SHMB_CREATE,
							 .value_size = 8};
	struct shmb_stream *stream;
	struct shmb_state *state;

	expect_ok(shmb_state_open(connection, NAME, &state_options, &state));
	expect_refused(shmb_stream_open(connection, NAME, &small, &stream), -ESTALE);
	expect_refused(shmb_stream_open(connection, NAME, NULL, &stream), -ESTALE);
	shmb_state_close(state);
}
END_TEST

#define SENDERS 40 /* one after the other, LANES at a time */

/* What processes have sent, as they know it themselves, and what came of it. */
static struct tally {
	_Atomic uint64_t sent[SENDERS];
	uint64_t taken[SENDERS];
} * tally;

struct record {
	uint64_t sender, number;
};

/* In a process of its own: send records of many sizes until it is killed. */
static int send_for_ever(struct child *self, void *data)
{
	unsigned sender = *(const unsigned *)data;
	struct shmb_producer *producer = producer_of(open_with(library_connect(&broker), &small));
	struct record record[40] = {{.sender = sender}};

	child_say(self, 0);
	for (;; record->number++) {
		size_t size = sizeof(record[0]) * (1 + record->number % 40);

		must(shmb_producer_send(producer, record, size, shmb_deadline_in_ms(FAR_MS)) == 0);
		atomic_store(&tally->sent[sender], record->number + 1);
	}
}

/* Take up to N records. Each comes once, in its producer's order. */
static void take_some(struct shmb_consumer *consumer, unsigned n, uint64_t deadline)
{
	struct record record[40];

	for (unsigned i = 0; i < n; i++) {
		struct shmb_record facts;
		int r = shmb_consumer_take(consumer, record, sizeof(record), deadline, &facts);

		if (r != 0) {
			must(r == SHMB_EMPTY);
			return;
		}
		must(facts.lost == 0);
		must(facts.size == sizeof(record[0]) * (1 + record->number % 40));
		must(record->sender < SENDERS);
		must(record->number == tally->taken[record->sender]++);
	}
}

/* Killed at any moment, a producer loses at most the record that it was sending, its lane goes to
 * the next one, and what it had sent is all there. */
START_TEST(producers_die_and_others_go_on)
{
	struct shmb_stream *stream = open_with(connection, &small);
	struct shmb_consumer *consumer = consumer_of(stream);
	struct child senders[SENDERS];
	struct chance chance;

	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	ck_assert_ptr_ne(tally, MAP_FAILED);
	chance_init(&chance);
	for (unsigned i = 0; i < SENDERS; i++) {
		if (i >= LANES)
			child_kill(&senders[i - LANES]);
		child_start(&senders[i], send_for_ever, &i);
		ck_assert_int_eq(child_hear(&senders[i]), 0);
		take_some(consumer, (unsigned)chance_below(&chance, 3000),
			  shmb_deadline_in_ms(FAR_MS));
	}
	for (unsigned i = SENDERS - LANES; i < SENDERS; i++)
		child_kill(&senders[i]);
	take_some(consumer, UINT_MAX, SHMB_AT_ONCE);
	for (unsigned i = 0; i < SENDERS; i++) {
		uint64_t sent = atomic_load(&tally->sent[i]);

		ck_assert_uint_ge(tally->taken[i], sent);
		ck_assert_uint_le(tally->taken[i], sent + 1);
	}
	munmap(tally, sizeof(*tally));
	shmb_consumer_close(consumer);
	shmb_stream_close(stream);
}
END_TEST

static int take_until_killed(struct child *self, void *data)
{
	struct shmb_consumer *consumer = consumer_of(open_with(library_connect(&broker), &small));
	struct shmb_record record;
	unsigned n;

	child_say(self, 0);
	for (unsigned i = *(const unsigned *)data; i > 0; i--) {
		must(shmb_consumer_peek(consumer, &record, 1, shmb_deadline_in_ms(FAR_MS), &n) ==
		     0);
		must(shmb_consumer_release(consumer, 1) == 0);
	}
	child_say(self, 1);
	(void)child_hear(self); /* until it is killed */
	return 0;
}

/* A consumer that is killed holds producers back until its death is known, and no longer. */
START_TEST(consumers_die_and_producers_go_on)
{
	struct shmb_stream *stream = open_with(connection, &small);
	struct shmb_producer *producer = producer_of(stream);

	for (unsigned i = 0; i < 20; i++) {
		struct child child;

		child_start(&child, take_until_killed, &i);
		ck_assert_int_eq(child_hear(&child), 0);
		for (unsigned n = 0; n < i; n++)
			expect_ok(
				shmb_producer_send(producer, "x", 1, shmb_deadline_in_ms(FAR_MS)));
		ck_assert_int_eq(child_hear(&child), 1);
		while (shmb_producer_send(producer, "x", 1, SHMB_AT_ONCE) == 0)
			;
		child_kill(&child);
		expect_ok(shmb_producer_send(producer, "x", 1, shmb_deadline_in_ms(FAR_MS)));
	}
	shmb_producer_close(producer);
	shmb_stream_close(stream);
}
END_TEST

/* In a process of its own: reserve, fill, and never come to commit. */
static int reserve_and_stop(struct child *self, void *data attr_unused)
{
	struct shmb_producer *producer = producer_of(open_with(library_connect(&broker), &small));
	void *bytes;

	must(shmb_producer_send(producer, "before", 7, SHMB_AT_ONCE) == 0);
	must(shmb_producer_reserve(producer, 1000, SHMB_AT_ONCE, &bytes) == 0);
	memset(bytes, 'x', 1000);
	child_say(self, 0);
	(void)child_hear(self); /* until it is killed */
	return 0;
}

/* Consumers go on, and of what was reserved nothing is seen, also when another has the lane. */
START_TEST(what_is_reserved_by_who_dies_is_lost_and_nothing_else)
{
	struct shmb_stream *stream = open_with(connection, &small);
	struct shmb_consumer *consumer = consumer_of(stream);
	struct shmb_producer *producers[LANES];
	struct child child;
	char text[8] = "";

	child_start(&child, reserve_and_stop, NULL);
	ck_assert_int_eq(child_hear(&child), 0);
	expect_ok(shmb_consumer_take(consumer, text, sizeof(text), SHMB_AT_ONCE, NULL));
	ck_assert_str_eq(text, "before");
	child_kill(&child);
	expect_result(shmb_consumer_take(consumer, text, sizeof(text), SHMB_AT_ONCE, NULL),
		      SHMB_EMPTY);
	for (unsigned i = 0; i < LANES; i++) {
		int r;

		/* The last lane is had when the broker knows of the death. */
		eventually((r = shmb_producer_open(stream, &producers[i])) != -EBUSY);
		expect_ok(r);
		expect_ok(shmb_producer_send(producers[i], "after", 6, SHMB_AT_ONCE));
		expect_ok(shmb_consumer_take(consumer, text, sizeof(text), SHMB_AT_ONCE, NULL));
		ck_assert_str_eq(text, "after");
	}
	for (unsigned i = 0; i < LANES; i++)
		shmb_producer_close(producers[i]);
	shmb_consumer_close(consumer);
	shmb_stream_close(stream);
}
END_TEST

static int hold_a_stream(struct child *self, void *data)
{
	struct shmb_stream *stream = data;
	struct shmb_producer *producer;
	struct shmb_consumer *consumer;

	expect_refused(shmb_producer_open(stream, &producer), -EOWNERDEAD);
	expect_refused(shmb_consumer_open(stream, NULL, &consumer), -EOWNERDEAD);
	child_say(self, 0);
	return 0;
}

START_TEST(a_forked_child_has_nothing_of_it)
{
	struct shmb_stream *stream = open_with(connection, &small);

	child_run(hold_a_stream, stream);
	shmb_stream_close(stream);
}
END_TEST

/* All goes on while there is no broker. */
START_TEST(a_broker_that_is_gone_is_not_missed)
{
	struct shmb_stream *stream = open_with(connection, &small);
	struct shmb_producer *producer = producer_of(stream);
	struct shmb_consumer *consumer = consumer_of(stream);
	char text[4];

	(void)broker_end(&broker, SIGKILL);
	for (unsigned i = 0; i < 10000; i++) {
		must(shmb_producer_send(producer, "abc", 4, shmb_deadline_in_ms(FAR_MS)) == 0);
		must(shmb_consumer_take(consumer, text, sizeof(text), SHMB_AT_ONCE, NULL) == 0);
	}
	shmb_consumer_close(consumer);
	shmb_producer_close(producer);
	shmb_stream_close(stream);
	broker_start_again(&broker, NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stream");
	TCase *tcase = tcase_create("stream");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, it_is_as_its_creator_made_it);
	tcase_add_test(tcase, options_that_mean_nothing_are_refused);
	tcase_add_test(tcase, what_is_no_stream_is_not_taken_for_one);
	tcase_add_test(tcase, producers_die_and_others_go_on);
	tcase_add_test(tcase, consumers_die_and_producers_go_on);
	tcase_add_test(tcase, what_is_reserved_by_who_dies_is_lost_and_nothing_else);
	tcase_add_test(tcase, a_forked_child_has_nothing_of_it);
	tcase_add_test(tcase, a_broker_that_is_gone_is_not_missed);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
