/*
 * Consumers with names, which come back; being sent away; and what is seen from outside.
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

#define LANE   4096u
#define LANES  2u
#define SEATS  3u
#define FAR_MS 20000

static struct stream_memory memory;
static struct shmb_stream *stream;
static struct shmb_producer *producer;
static uint64_t sent;

static void start(void)
{
	const struct stream_shape shape = {.lane_size = LANE, .n_lanes = LANES, .n_seats = SEATS};

	stream_memory_start(&memory, &shape);
	stream = stream_memory_join(&memory);
	ck_assert_int_eq(shmb_producer_open(stream, &producer), 0);
	sent = 0;
}

static void stop(void)
{
	shmb_producer_close(producer);
	stream_memory_close(stream);
	stream_memory_stop(&memory);
}

static int send_next(uint64_t deadline)
{
	int r = shmb_producer_send(producer, &sent, sizeof(sent), deadline);

	sent += r == 0;
	return r;
}

static void send_some(unsigned n)
{
	for (; n > 0; n--)
		must(send_next(SHMB_AT_ONCE) == 0);
}

static void fill_lane(void)
{
	while (send_next(SHMB_AT_ONCE) == 0)
		;
}

static struct shmb_consumer *come(struct shmb_stream *of, const char *name, uint32_t retain_ms)
{
	const struct shmb_consumer_options options = {.name = name, .retain_ms = retain_ms};
	struct shmb_consumer *consumer;
	int r = shmb_consumer_open(of, &options, &consumer);

	ck_assert_msg(r == 0, "%s does not come: %s", name, shmb_last_error());
	return consumer;
}

static int come_in_vain(const char *name)
{
	const struct shmb_consumer_options options = {.name = name};
	struct shmb_consumer *consumer;

	return shmb_consumer_open(stream, &options, &consumer);
}

static struct shmb_seat_facts seat_of(const struct shmb_consumer *consumer)
{
	struct shmb_seat_facts facts;
	unsigned seat = (unsigned)(consumer->seat - stream->view.seats);

	ck_assert_int_eq(shmb_stream_seat(stream, seat, &facts), 0);
	return facts;
}

/* Take N records, of which the first is FIRST after so many that were lost. */
static void expect(struct shmb_consumer *consumer, uint64_t first, unsigned n, uint64_t lost)
{
	for (unsigned i = 0; i < n; i++) {
		struct shmb_record record;
		uint64_t number;

		must(shmb_consumer_take(consumer, &number, sizeof(number), SHMB_AT_ONCE, &record) ==
		     0);
		must(number == first + i && record.number == number);
		must(record.lost == (i == 0 ? lost : 0));
	}
}

static void expect_empty(struct shmb_consumer *consumer)
{
	ck_assert_int_eq(shmb_consumer_take(consumer, NULL, 0, SHMB_AT_ONCE, NULL), SHMB_EMPTY);
}

START_TEST(who_comes_back_goes_on_where_it_stopped)
{
	struct shmb_consumer *consumer = come(stream, "reader", 0);

	send_some(10);
	expect(consumer, 0, 4, 0);
	ck_assert_int_eq(come_in_vain("reader"), -EBUSY);
	shmb_consumer_close(consumer);
	send_some(10);
	consumer = come(stream, "reader", 0);
	expect(consumer, 4, 16, 0);
	expect_empty(consumer);
	shmb_consumer_close(consumer);
}
END_TEST

/* The new one is another process. */
START_TEST(an_heir_goes_on_where_the_dead_stopped)
{
	struct shmb_stream *dying = stream_memory_join(&memory);
	struct shmb_consumer *consumer = come(dying, "reader", 0), *heir;

	send_some(10);
	expect(consumer, 0, 4, 0);
	stream_memory_bury(&memory, dying);
	heir = come(stream, "reader", 0);
	expect(heir, 4, 6, 0);
	ck_assert_int_eq(shmb_consumer_take(consumer, NULL, 0, SHMB_AT_ONCE, NULL), -ECANCELED);
	shmb_consumer_close(consumer);
	send_some(1);
	expect(heir, 10, 1, 0);
	shmb_consumer_close(heir);
	stream_memory_close(dying);
}
END_TEST

START_TEST(who_is_not_waited_for_is_told_what_it_lost)
{
	struct shmb_consumer *consumer = come(stream, "reader", 0);
	uint64_t first;

	send_some(10);
	expect(consumer, 0, 4, 0);
	shmb_consumer_close(consumer);
	send_some(5000);
	consumer = come(stream, "reader", 0);
	ck_assert_int_eq(shmb_consumer_take(consumer, &first, sizeof(first), SHMB_AT_ONCE, NULL),
			 0);
	ck_assert_uint_gt(first, 4000);
	ck_assert_uint_eq(seat_of(consumer).lost, first - 4);
	expect(consumer, first + 1, (unsigned)(sent - first - 1), 0);
	shmb_consumer_close(consumer);
}
END_TEST

static void wait_out(uint32_t retain_ms)
{
	uint64_t from = shmb_deadline_in_ms(0), wanted = sent;

	fill_lane();
	ck_assert_uint_lt(sent - wanted, LANE);
	ck_assert_int_eq(send_next(shmb_deadline_in_ms(FAR_MS)), 0);
	/* It took its time: from when it went, or a producer saw it go. */
	ck_assert_uint_ge(shmb_deadline_in_ms(0) - from, (retain_ms - 50) * UINT64_C(1000000));
}

START_TEST(who_leaves_for_a_time_is_waited_for_so_long)
{
	struct shmb_consumer *consumer = come(stream, "reader", 200);

	send_some(10);
	expect(consumer, 0, 4, 0);
	shmb_consumer_close(consumer);
	wait_out(200);
	/* And comes back in time another time. */
	consumer = come(stream, "reader", 60000);
	fill_lane();
	shmb_consumer_close(consumer);
	ck_assert_int_eq(send_next(shmb_deadline_in_ms(50)), -ETIMEDOUT);
	consumer = come(stream, "reader", 0);
	while (shmb_consumer_take(consumer, &(uint64_t){0}, 8, SHMB_AT_ONCE, NULL) == 0)
		;
	ck_assert_int_eq(send_next(SHMB_AT_ONCE), 0);
	shmb_consumer_close(consumer);
}
END_TEST

START_TEST(the_dead_are_waited_for_as_long)
{
	struct shmb_stream *dying = stream_memory_join(&memory);
	struct shmb_consumer *consumer = come(dying, "reader", 200);

	send_some(10);
	expect(consumer, 0, 4, 0);
	stream_memory_bury(&memory, dying);
	wait_out(200);
	shmb_consumer_close(consumer);
	stream_memory_close(dying);
}
END_TEST

START_TEST(a_place_is_kept_until_there_is_no_other)
{
	struct shmb_consumer *consumers[SEATS];
	const char *const names[SEATS] = {"a", "b", "c"};

	for (unsigned i = 0; i < SEATS; i++)
		consumers[i] = come(stream, names[i], 0);
	ck_assert_int_eq(come_in_vain("d"), -EBUSY);
	ck_assert_int_eq(come_in_vain(NULL), -EBUSY);
	send_some(3);
	shmb_consumer_close(consumers[1]);
	shmb_consumer_close(consumers[0]);
	/* "b" is away longest. */
	consumers[1] = come(stream, "d", 0);
	expect_empty(consumers[1]);
	consumers[0] = come(stream, "a", 0);
	expect(consumers[0], 0, 3, 0);
	ck_assert_int_eq(come_in_vain("b"), -EBUSY);
	for (unsigned i = 0; i < SEATS; i++)
		shmb_consumer_close(consumers[i]);
}
END_TEST

START_TEST(names_that_are_none_are_refused)
{
	const struct shmb_consumer_options bad[] = {
		{.name = ""},
		{.name = "with a space"},
		{.name = "0123456789012345678901234567890-"},
		{.retain_ms = 1},
		{.name = "looks", .looks_on = true},
		{.start = (enum shmb_start)2},
	};
	struct shmb_consumer *consumer;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_int_eq(shmb_consumer_open(stream, &bad[i], &consumer), -EINVAL);
	consumer = come(stream, "0123456789012345678901234567890", 0);
	shmb_consumer_close(consumer);
}
END_TEST

START_TEST(who_is_sent_away_holds_nobody_back)
{
	struct shmb_stream *looking = stream_memory_look(&memory);
	struct shmb_consumer *slow = come(stream, "slow", 60000), *other = come(stream, NULL, 0);
	uint64_t ticket = seat_of(slow).ticket;
	struct shmb_lane_facts lane;

	fill_lane();
	while (shmb_consumer_take(other, &(uint64_t){0}, 8, SHMB_AT_ONCE, NULL) == 0)
		;
	ck_assert_int_eq(send_next(SHMB_AT_ONCE), -ETIMEDOUT);
	ck_assert_int_eq(shmb_stream_lane(looking, 0, &lane), 0);
	ck_assert_int_eq(lane.held_up_by, slow->seat - stream->view.seats);
	ck_assert_int_eq(shmb_stream_evict(looking, ticket), -EPERM);
	says(" is open to be read only; open it to write to send one away");
	ck_assert_int_eq(shmb_stream_evict(stream, 0), -ENOENT);
	says("\" has the ticket ");
	ck_assert_int_eq(shmb_stream_evict(stream, ticket + 100), -ENOENT);
	ck_assert_int_eq(shmb_stream_evict(stream, ticket), 0);
	ck_assert_int_eq(shmb_stream_evict(stream, ticket), -ENOENT);
	ck_assert_int_eq(send_next(SHMB_AT_ONCE), 0);
	ck_assert_int_eq(shmb_consumer_take(slow, NULL, 0, SHMB_AT_ONCE, NULL), -ECANCELED);
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "evicted"));
	shmb_consumer_close(slow);
	/* Its name begins anew. */
	slow = come(stream, "slow", 0);
	expect_empty(slow);
	shmb_consumer_close(slow);
	shmb_consumer_close(other);
	stream_memory_close(looking);
}
END_TEST

/* Not one that is dead, or has been away for longer than it is waited for. */
START_TEST(who_holds_up_is_one_that_is_waited_for)
{
	struct shmb_stream *dying = stream_memory_join(&memory);
	struct shmb_consumer *dead = come(dying, NULL, 0), *slow;
	struct shmb_lane_facts lane;

	slow = come(stream, NULL, 0);
	stream_memory_bury(&memory, dying);
	fill_lane();
	ck_assert_int_eq(shmb_stream_lane(stream, 0, &lane), 0);
	ck_assert_int_eq(lane.held_up_by, slow->seat - stream->view.seats);
	free(dead);
	shmb_consumer_close(slow);
	dead = come(stream, "away", 0);
	shmb_consumer_close(dead);
	ck_assert_int_eq(shmb_stream_lane(stream, 0, &lane), 0);
	ck_assert_int_eq(lane.held_up_by, -1);
	stream_memory_close(dying);
}
END_TEST

/* Who is sent away while it leaves does not take the seat from who comes then. */
START_TEST(who_leaves_late_leaves_the_next_one_alone)
{
	struct shmb_consumer *late = come(stream, "late", 0), *next;

	ck_assert_int_eq(shmb_stream_evict(stream, late->ticket), 0);
	next = come(stream, "next", 0);
	ck_assert_ptr_eq(next->seat, late->seat);
	late->ticket = next->ticket; /* as if it had looked before */
	atomic_store(&next->seat->away, stream_here(next->ticket + 512));
	shmb_consumer_close(late);
	ck_assert(stream_is_here(atomic_load(&next->seat->away)));
	free(next);
}
END_TEST

START_TEST(what_is_there_can_be_seen)
{
	struct shmb_consumer *consumer = come(stream, "reader", 0);
	struct shmb_seat_facts seat;
	struct shmb_lane_facts lane;

	send_some(10);
	expect(consumer, 0, 4, 0);
	seat = seat_of(consumer);
	ck_assert_str_eq(seat.name, "reader");
	ck_assert(seat.is_here);
	ck_assert_uint_eq(seat.behind, 6 * 16);
	ck_assert_uint_eq(seat.lost, 0);
	ck_assert_int_eq(shmb_stream_seat(stream, 1, &seat), SHMB_EMPTY);
	ck_assert_int_eq(shmb_stream_seat(stream, SEATS, &seat), -EINVAL);
	says("\" has no seat ");
	ck_assert_int_eq(shmb_stream_lane(stream, 0, &lane), 0);
	ck_assert(lane.has_producer && !lane.is_full);
	ck_assert_uint_eq(lane.sent, 10);
	ck_assert_uint_eq(lane.kept, 10 * 16);
	ck_assert_int_eq(shmb_stream_lane(stream, 1, &lane), 0);
	ck_assert(!lane.has_producer);
	ck_assert_int_eq(shmb_stream_lane(stream, LANES, &lane), -EINVAL);
	says("\" has no lane ");
	shmb_consumer_close(consumer);
	ck_assert_int_eq(shmb_stream_seat(stream, 0, &seat), 0);
	ck_assert(!seat.is_here);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stream_seat");
	TCase *tcase = tcase_create("stream_seat");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, who_comes_back_goes_on_where_it_stopped);
	tcase_add_test(tcase, an_heir_goes_on_where_the_dead_stopped);
	tcase_add_test(tcase, who_is_not_waited_for_is_told_what_it_lost);
	tcase_add_test(tcase, who_leaves_for_a_time_is_waited_for_so_long);
	tcase_add_test(tcase, the_dead_are_waited_for_as_long);
	tcase_add_test(tcase, a_place_is_kept_until_there_is_no_other);
	tcase_add_test(tcase, names_that_are_none_are_refused);
	tcase_add_test(tcase, who_is_sent_away_holds_nobody_back);
	tcase_add_test(tcase, who_holds_up_is_one_that_is_waited_for);
	tcase_add_test(tcase, who_leaves_late_leaves_the_next_one_alone);
	tcase_add_test(tcase, what_is_there_can_be_seen);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
