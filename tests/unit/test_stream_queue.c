/*
 * Queues: each record is for one consumer, and for the next one when that does not release it.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <shmbroker/error.h>

#include "base/attr.h"
#include "stream_memory.h"
#include "support/chance.h"
#include "support/child.h"
#include "support/eventually.h"
#include "support/sanitizers.h"
#include "support/says.h"
#include "support/suite.h"

#define LANE   4096u
#define LANES  4u
#define CLAIMS (LANE / STREAM_CLAIM_BYTES)
#define FAR_MS 60000 /* later than anybody waits for a child */
#define MANY   (IS_ASAN || IS_TSAN ? 20000u : 200000u)

static struct stream_memory memory;
static struct shmb_stream *stream;

static void start(void)
{
	const struct stream_shape shape = {.lane_size = LANE,
					   .n_lanes = LANES,
					   .n_seats = 4,
					   .flags = STREAM_QUEUE};

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

static void send_numbers(struct shmb_producer *producer, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++)
		must(shmb_producer_send(producer, &i, sizeof(i), SHMB_AT_ONCE) == 0);
}

/* What the next record says; -1 when there is none. */
static int64_t take_number(struct shmb_consumer *consumer, bool *ret_again)
{
	struct shmb_record record;
	uint32_t number;
	int r = shmb_consumer_take(consumer, &number, sizeof(number), SHMB_AT_ONCE, &record);

	must(r == 0 || r == SHMB_EMPTY);
	if (r == 0 && ret_again)
		*ret_again = record.again;
	return r == 0 ? (int64_t)number : -1;
}

/* Claim N. */
static void peek(struct shmb_consumer *consumer, unsigned n, uint32_t first)
{
	struct shmb_record records[SHMB_STREAM_BATCH_MAX];
	unsigned got;

	ck_assert_int_eq(shmb_consumer_peek(consumer, records, n, SHMB_AT_ONCE, &got), 0);
	ck_assert_uint_eq(got, n);
	for (unsigned i = 0; i < n; i++)
		ck_assert_uint_eq(*(const uint32_t *)records[i].data, first + i);
}

START_TEST(each_record_is_for_one)
{
	struct shmb_producer *producer = stream_memory_producer(stream);
	struct shmb_consumer *one = consumer_of(stream), *other = consumer_of(stream);

	send_numbers(producer, 0, 10);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(take_number(i % 3 == 0 ? one : other, NULL), i);
	ck_assert_int_eq(take_number(one, NULL), -1);
	ck_assert_int_eq(take_number(other, NULL), -1);
	shmb_consumer_close(one);
	shmb_consumer_close(other);
	shmb_producer_close(producer);
}
END_TEST

START_TEST(it_is_kept_until_somebody_comes)
{
	struct shmb_producer *producer = stream_memory_producer(stream);
	struct shmb_consumer *consumer;

	send_numbers(producer, 0, 10);
	shmb_producer_close(producer);
	consumer = consumer_of(stream);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(take_number(consumer, NULL), i);
	shmb_consumer_close(consumer);
	consumer = consumer_of(stream);
	ck_assert_int_eq(take_number(consumer, NULL), -1);
	shmb_consumer_close(consumer);
}
END_TEST

START_TEST(what_is_peeked_is_nobody_elses)
{
	struct shmb_producer *producer = stream_memory_producer(stream);
	struct shmb_consumer *one = consumer_of(stream), *other = consumer_of(stream);
	struct shmb_seat_facts facts;
	struct shmb_lane_facts lane;

	send_numbers(producer, 0, 10);
	ck_assert_int_eq(shmb_stream_lane(stream, 0, &lane), 0);
	ck_assert_int_eq(lane.held_up_by, -1);
	peek(one, 4, 0);
	ck_assert_int_eq(shmb_stream_seat(stream, 0, &facts), 0);
	ck_assert_uint_eq(facts.held, 4);
	ck_assert_uint_eq(facts.member, atomic_load(&stream->member->id));
	ck_assert_int_eq(take_number(other, NULL), 4);
	ck_assert_int_eq(shmb_stream_lane(stream, 0, &lane), 0);
	ck_assert_int_eq(lane.held_up_by, 0);
	ck_assert_int_eq(shmb_consumer_release(one, 2), 0);
	ck_assert_int_eq(take_number(other, NULL), 5);
	/* What is not released is still the next. */
	peek(one, 2, 2);
	ck_assert_int_eq(take_number(one, NULL), 2);
	ck_assert_int_eq(take_number(one, NULL), 3);
	ck_assert_int_eq(take_number(one, NULL), 6);
	ck_assert_int_eq(shmb_consumer_release(one, 1), -EINVAL);
	says("\" cannot be released: ");
	ck_assert_int_eq(shmb_stream_seat(stream, 0, &facts), 0);
	ck_assert_uint_eq(facts.held, 0);
	ck_assert_int_eq(shmb_stream_lane(stream, 0, &lane), 0);
	ck_assert_int_eq(lane.held_up_by, -1); /* what is left is nobody's */
	shmb_consumer_close(one);
	shmb_consumer_close(other);
	shmb_producer_close(producer);
}
END_TEST

START_TEST(a_buffer_too_small_leaves_it_the_next_one)
{
	struct shmb_producer *producer = stream_memory_producer(stream);
	struct shmb_consumer *one = consumer_of(stream), *other = consumer_of(stream);

	send_numbers(producer, 0, 2);
	ck_assert_int_eq(shmb_consumer_take(one, NULL, 0, SHMB_AT_ONCE, NULL), -EMSGSIZE);
	says("the next record of \"");
	ck_assert_int_eq(take_number(other, NULL), 1);
	ck_assert_int_eq(take_number(one, NULL), 0);
	shmb_consumer_close(one);
	shmb_consumer_close(other);
	shmb_producer_close(producer);
}
END_TEST

/* ONE has claimed three and goes in some way; OTHER, which had passed them, gets them. */
static void check_inheritance(void (*go)(struct shmb_stream *of, struct shmb_consumer *one))
{
	struct shmb_producer *producer = stream_memory_producer(stream);
	struct shmb_stream *going = stream_memory_join(&memory);
	struct shmb_consumer *one = consumer_of(going), *other = consumer_of(stream);
	bool again;

	send_numbers(producer, 0, 5);
	peek(one, 3, 0);
	ck_assert_int_eq(take_number(other, &again), 3);
	ck_assert(!again);
	go(going, one);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(take_number(other, &again), i);
		ck_assert(again);
	}
	ck_assert_int_eq(take_number(other, &again), 4);
	ck_assert(!again);
	ck_assert_int_eq(take_number(other, NULL), -1);
	shmb_consumer_close(other);
	shmb_producer_close(producer);
	stream_memory_close(going);
}

static void leave(struct shmb_stream *of attr_unused, struct shmb_consumer *one)
{
	shmb_consumer_close(one);
}

START_TEST(what_who_leaves_has_claimed_is_the_next_ones)
{
	check_inheritance(leave);
}
END_TEST

static void die(struct shmb_stream *of, struct shmb_consumer *one)
{
	stream_memory_bury(&memory, of);
	free(one);
}

START_TEST(what_who_dies_has_claimed_is_the_next_ones)
{
	check_inheritance(die);
}
END_TEST

static void be_evicted(struct shmb_stream *of, struct shmb_consumer *one)
{
	ck_assert_int_eq(shmb_stream_evict(of, one->ticket), 0);
	ck_assert_int_eq(shmb_consumer_release(one, 3), -ECANCELED);
	ck_assert_int_eq(shmb_consumer_take(one, NULL, 0, SHMB_AT_ONCE, NULL), -ECANCELED);
	shmb_consumer_close(one);
}

START_TEST(what_who_is_evicted_has_claimed_is_the_next_ones)
{
	check_inheritance(be_evicted);
}
END_TEST

START_TEST(who_was_evicted_ends_nothing_of_the_next_one)
{
	struct shmb_producer *producer = stream_memory_producer(stream);
	struct shmb_consumer *one = consumer_of(stream), *other;

	send_numbers(producer, 0, 2);
	peek(one, 1, 0);
	ck_assert_int_eq(shmb_stream_evict(stream, one->ticket), 0);
	other = consumer_of(stream);
	ck_assert_ptr_eq(other->seat, one->seat);
	ck_assert_uint_ne(other->ticket, one->ticket);
	peek(other, 2, 0);
	ck_assert_int_eq(shmb_consumer_release(one, 1), -ECANCELED);
	ck_assert_int_eq(shmb_consumer_release(other, 2), 0);
	shmb_consumer_close(one);
	shmb_consumer_close(other);
	shmb_producer_close(producer);
}
END_TEST

/* Send until it is full. */
static unsigned fill_lane(struct shmb_producer *producer, size_t size)
{
	unsigned char bytes[64] = {0};
	unsigned n = 0;

	while (shmb_producer_send(producer, bytes, size, SHMB_AT_ONCE) == 0)
		n++;
	return n;
}

START_TEST(it_is_full_when_nobody_takes)
{
	struct shmb_producer *producer = stream_memory_producer(stream);
	struct shmb_consumer *consumer = consumer_of(stream);
	struct shmb_record records[CLAIMS];
	unsigned n;

	/* Of little ones there are as many as claims. */
	ck_assert_uint_eq(fill_lane(producer, 0), CLAIMS);
	ck_assert_int_eq(shmb_producer_send(producer, "", 0, SHMB_AT_ONCE), -ETIMEDOUT);
	says("\" was full until the deadline, since ");
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "there are none"));
	ck_assert_int_eq(shmb_consumer_peek(consumer, records, CLAIMS, SHMB_AT_ONCE, &n), 0);
	ck_assert_uint_eq(n, CLAIMS);
	ck_assert_uint_eq(fill_lane(producer, 0), 0);
	ck_assert_int_eq(shmb_consumer_release(consumer, CLAIMS / 2), 0);
	ck_assert_uint_eq(fill_lane(producer, 0), CLAIMS / 2);
	ck_assert_int_eq(shmb_consumer_release(consumer, CLAIMS / 2), 0);
	while (shmb_consumer_take(consumer, NULL, 0, SHMB_AT_ONCE, NULL) == 0)
		;
	/* Of large ones as many as bytes. */
	ck_assert_uint_ge(fill_lane(producer, 64), LANE / (64 + 8) - 2);
	shmb_consumer_close(consumer);
	shmb_producer_close(producer);
}
END_TEST

START_TEST(who_takes_a_lane_over_knows_what_is_done)
{
	struct shmb_stream *dying = stream_memory_join(&memory);
	struct shmb_producer *producer = stream_memory_producer(dying), *others[LANES - 1];
	struct shmb_consumer *consumer = consumer_of(stream);

	/* So that there is no other lane. */
	for (unsigned i = 0; i < ARRAY_SIZE(others); i++)
		others[i] = stream_memory_producer(stream);
	send_numbers(producer, 0, 50);
	for (unsigned i = 0; i < 20; i++)
		ck_assert_int_eq(take_number(consumer, NULL), i);
	stream_memory_bury(&memory, dying);
	free(producer);
	producer = stream_memory_producer(stream);
	ck_assert_uint_eq(fill_lane(producer, 4), CLAIMS - 50 + 20);
	for (unsigned i = 20; i < 50; i++)
		ck_assert_int_eq(take_number(consumer, NULL), i);
	ck_assert_int_eq(take_number(consumer, NULL), 0);
	shmb_consumer_close(consumer);
	shmb_producer_close(producer);
	for (unsigned i = 0; i < ARRAY_SIZE(others); i++)
		shmb_producer_close(others[i]);
	stream_memory_close(dying);
}
END_TEST

START_TEST(numbers_may_go_round)
{
	struct shmb_producer *producer;
	struct shmb_consumer *one, *other;

	atomic_store(&memory.view.heads[0].count, UINT64_C(0x1fffffff0));
	producer = stream_memory_producer(stream);
	one = consumer_of(stream);
	other = consumer_of(stream);
	for (unsigned round = 0; round < 5; round++) {
		send_numbers(producer, round * 30, 30);
		for (unsigned i = 0; i < 30; i++)
			ck_assert_int_eq(take_number(i % 2 ? one : other, NULL), round * 30 + i);
	}
	shmb_consumer_close(one);
	shmb_consumer_close(other);
	shmb_producer_close(producer);
}
END_TEST

START_TEST(onlookers_see_all_and_take_nothing)
{
	const struct shmb_consumer_options looking = {.looks_on = true, .start = SHMB_START_OLDEST};
	struct shmb_stream *locked = stream_memory_look(&memory);
	struct shmb_producer *producer = stream_memory_producer(stream);
	struct shmb_consumer *consumer = consumer_of(stream), *onlooker;

	ck_assert_int_eq(shmb_consumer_open(locked, NULL, &onlooker), -EPERM);
	says("\" is open to be read only, so that this one cannot be");
	ck_assert_int_eq(shmb_consumer_open(locked, &looking, &onlooker), 0);
	send_numbers(producer, 0, 5);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(take_number(consumer, NULL), i);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(take_number(onlooker, NULL), i);
	for (unsigned i = 3; i < 5; i++)
		ck_assert_int_eq(take_number(consumer, NULL), i);
	shmb_consumer_close(onlooker);
	shmb_consumer_close(consumer);
	shmb_producer_close(producer);
	stream_memory_close(locked);
}
END_TEST

START_TEST(names_are_names_only)
{
	const struct shmb_consumer_options named = {.name = "worker"},
					   waited = {.name = "worker", .retain_ms = 1};
	struct shmb_producer *producer = stream_memory_producer(stream);
	struct shmb_consumer *consumer, *other;

	ck_assert_int_eq(shmb_consumer_open(stream, &waited, &consumer), -EINVAL);
	ck_assert_int_eq(shmb_consumer_open(stream, &named, &consumer), 0);
	ck_assert_int_eq(shmb_consumer_open(stream, &named, &other), -EBUSY);
	says("\", and that lives; there can be another when it has closed");
	send_numbers(producer, 0, 5);
	ck_assert_int_eq(take_number(consumer, NULL), 0);
	peek(consumer, 2, 1);
	shmb_consumer_close(consumer);
	ck_assert_int_eq(shmb_consumer_open(stream, &named, &consumer), 0);
	for (unsigned i = 1; i < 5; i++)
		ck_assert_int_eq(take_number(consumer, NULL), i);
	shmb_consumer_close(consumer);
	shmb_producer_close(producer);
}
END_TEST

/* In another process: take one, which may have been another's. */
static int take_one(struct child *self, void *data attr_unused)
{
	struct shmb_consumer *consumer = consumer_of(stream_memory_join(&memory));
	struct shmb_record record;
	uint32_t number;

	futex_rely_on_wakes(true);
	child_say(self, 0);
	must(shmb_consumer_take(consumer, &number, sizeof(number), shmb_deadline_in_ms(FAR_MS),
				&record) == 0);
	child_say(self, number + (record.again ? 1000 : 0));
	return 0;
}

/* Who sleeps while another has the only record is woken when that goes in some way. */
static void check_waking(void (*go)(struct shmb_stream *of, struct shmb_consumer *one))
{
	struct shmb_producer *producer = stream_memory_producer(stream);
	struct shmb_stream *going = stream_memory_join(&memory);
	struct shmb_consumer *one = consumer_of(going);
	struct child child;

	send_numbers(producer, 7, 1);
	peek(one, 1, 7);
	child_start(&child, take_one, NULL);
	ck_assert_int_eq(child_hear(&child), 0);
	eventually(atomic_load(&memory.twin.bell->rung) == 1);
	ck_assert(!child_has_said(&child));
	go(going, one);
	ck_assert_int_eq(child_hear(&child), 1007);
	ck_assert_int_eq(child_wait(&child), 0);
	shmb_producer_close(producer);
	stream_memory_close(going);
}

START_TEST(who_sleeps_is_woken_by_who_leaves)
{
	check_waking(leave);
}
END_TEST

START_TEST(who_sleeps_is_woken_by_a_death)
{
	check_waking(die);
}
END_TEST

START_TEST(who_sleeps_is_woken_when_another_is_evicted)
{
	check_waking(be_evicted);
}
END_TEST

/* In another process: fill a lane, and wait for room. */
static int send_one_too_many(struct child *self, void *data)
{
	struct shmb_producer *producer = stream_memory_producer(stream_memory_join(&memory));
	size_t size = *(const size_t *)data;
	unsigned char bytes[64] = {0};

	futex_rely_on_wakes(true);
	child_say(self, fill_lane(producer, size));
	must(shmb_producer_send(producer, bytes, size, shmb_deadline_in_ms(FAR_MS)) == 0);
	child_say(self, 0);
	return 0;
}

/* Two have claimed all, and the second one is done before the first. */
static void check_room(size_t size)
{
	struct shmb_consumer *one = consumer_of(stream), *other = consumer_of(stream);
	struct shmb_record records[SHMB_STREAM_BATCH_MAX];
	struct child child;
	unsigned n, n_first;
	int64_t all;

	child_start(&child, send_one_too_many, &size);
	all = child_hear(&child);
	ck_assert_int_gt(all, 8);
	eventually(atomic_load(&memory.view.heads[0].wanted) != 0);
	ck_assert_int_eq(shmb_consumer_peek(one, records, (unsigned)all / 8, SHMB_AT_ONCE,
					    &n_first),
			 0);
	while (shmb_consumer_peek(other, records, SHMB_STREAM_BATCH_MAX, SHMB_AT_ONCE, &n) == 0)
		ck_assert_int_eq(shmb_consumer_release(other, n), 0);
	ck_assert(!child_has_said(&child));
	ck_assert_int_eq(shmb_consumer_release(one, n_first), 0);
	ck_assert_int_eq(child_hear(&child), 0);
	ck_assert_int_eq(child_wait(&child), 0);
	shmb_consumer_close(one);
	shmb_consumer_close(other);
}

START_TEST(the_last_one_wakes_who_waits_for_room)
{
	check_room(60);
}
END_TEST

START_TEST(the_last_one_wakes_who_waits_for_claims)
{
	check_room(0);
}
END_TEST

/*
 * A crowd. What each record says is its producer and a number, and how often it came is counted.
 */

struct tally {
	_Atomic uint32_t left;
	_Atomic unsigned char times[LANES][MANY];
};

static int send_many(struct child *self attr_unused, void *data)
{
	struct shmb_producer *producer = stream_memory_producer(stream_memory_join(&memory));
	unsigned char bytes[200] = {0};
	uint32_t who = *(const uint32_t *)data;

	futex_rely_on_wakes(true);
	for (uint32_t i = 0; i < MANY; i++) {
		memcpy(bytes, &who, sizeof(who));
		memcpy(bytes + 4, &i, sizeof(i));
		must(shmb_producer_send(producer, bytes, 8 + i * 31 % 190,
					shmb_deadline_in_ms(FAR_MS)) == 0);
	}
	shmb_producer_close(producer);
	return 0;
}

static void count(struct tally *tally, const struct shmb_record *record, int64_t *last)
{
	uint32_t who, i;

	memcpy(&who, record->data, sizeof(who));
	memcpy(&i, (const char *)record->data + 4, sizeof(i));
	must(who < LANES && i < MANY && record->size == 8 + i * 31 % 190);
	must(!record->again && record->lost == 0);
	must(i > last[who]); /* in the order of its producer */
	last[who] = i;
	must(atomic_fetch_add(&tally->times[who][i], 1) == 0);
	atomic_fetch_sub(&tally->left, 1);
}

static int take_many(struct child *self attr_unused, void *data)
{
	struct tally *tally = data;
	struct shmb_consumer *consumer = consumer_of(stream_memory_join(&memory));
	int64_t last[LANES] = {-1, -1, -1, -1};
	struct chance chance;

	futex_rely_on_wakes(true);
	chance_init(&chance);
	while (atomic_load(&tally->left) > 0) {
		struct shmb_record records[SHMB_STREAM_BATCH_MAX];
		unsigned char bytes[200];
		unsigned n = 1, wanted = 1 + (unsigned)chance_below(&chance, 64);
		/* Another may have the last one, and nothing more comes. */
		uint64_t deadline = shmb_deadline_in_ms(100);
		bool copies = chance_below(&chance, 2);
		int r = copies ? shmb_consumer_take(consumer, bytes, sizeof(bytes), deadline,
						    &records[0])
			       : shmb_consumer_peek(consumer, records, wanted, deadline, &n);

		if (r == -ETIMEDOUT)
			continue;
		must(r == 0);
		for (unsigned i = 0; i < n; i++)
			count(tally, &records[i], last);
		must(copies || shmb_consumer_release(consumer, n) == 0);
	}
	shmb_consumer_close(consumer);
	return 0;
}

START_TEST(among_many_each_record_comes_once)
{
	struct twin_memory shared;
	struct child producers[LANES], consumers[4];
	struct tally *tally;

	twin_memory_start(&shared, sizeof(*tally));
	tally = shared.writable;
	atomic_store(&tally->left, LANES * MANY);
	for (unsigned i = 0; i < ARRAY_SIZE(consumers); i++)
		child_start(&consumers[i], take_many, tally);
	for (uint32_t i = 0; i < LANES; i++)
		child_start(&producers[i], send_many, &i);
	for (unsigned i = 0; i < LANES; i++)
		ck_assert_int_eq(child_wait(&producers[i]), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(consumers); i++)
		ck_assert_int_eq(child_wait(&consumers[i]), 0);
	ck_assert_uint_eq(atomic_load(&tally->left), 0);
	twin_memory_stop(&shared);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stream_queue");
	TCase *tcase = tcase_create("stream_queue");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, each_record_is_for_one);
	tcase_add_test(tcase, it_is_kept_until_somebody_comes);
	tcase_add_test(tcase, what_is_peeked_is_nobody_elses);
	tcase_add_test(tcase, a_buffer_too_small_leaves_it_the_next_one);
	tcase_add_test(tcase, what_who_leaves_has_claimed_is_the_next_ones);
	tcase_add_test(tcase, what_who_dies_has_claimed_is_the_next_ones);
	tcase_add_test(tcase, what_who_is_evicted_has_claimed_is_the_next_ones);
	tcase_add_test(tcase, who_was_evicted_ends_nothing_of_the_next_one);
	tcase_add_test(tcase, it_is_full_when_nobody_takes);
	tcase_add_test(tcase, who_takes_a_lane_over_knows_what_is_done);
	tcase_add_test(tcase, numbers_may_go_round);
	tcase_add_test(tcase, onlookers_see_all_and_take_nothing);
	tcase_add_test(tcase, names_are_names_only);
	tcase_add_test(tcase, who_sleeps_is_woken_by_who_leaves);
	tcase_add_test(tcase, who_sleeps_is_woken_by_a_death);
	tcase_add_test(tcase, who_sleeps_is_woken_when_another_is_evicted);
	tcase_add_test(tcase, the_last_one_wakes_who_waits_for_room);
	tcase_add_test(tcase, the_last_one_wakes_who_waits_for_claims);
	tcase_add_test(tcase, among_many_each_record_comes_once);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
