/*
 * Positions: a consumer begins where another was, and is told what has been lost since.
 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include <shmbroker/error.h>

#include "stream_memory.h"
#include "support/child.h"
#include "support/says.h"
#include "support/suite.h"

#define LANE  4096u
#define LANES 3u

static struct stream_memory memory;
static struct shmb_stream *stream;
static struct shmb_producer *producers[LANES];
static struct shmb_consumer *consumer;

static void start_with(unsigned flags)
{
	const struct stream_shape shape = {.lane_size = LANE,
					   .n_lanes = LANES,
					   .n_seats = 2,
					   .flags = flags};

	stream_memory_start(&memory, &shape);
	stream = stream_memory_join(&memory);
	for (unsigned i = 0; i < LANES; i++)
		producers[i] = stream_memory_producer(stream);
	consumer = stream_memory_consumer(stream, NULL);
}

static void start(void)
{
	start_with(0);
}

static void start_overwriting(void)
{
	start_with(STREAM_OVERWRITE);
}

static void start_queue(void)
{
	start_with(STREAM_QUEUE);
}

static void stop(void)
{
	shmb_consumer_close(consumer);
	for (unsigned i = 0; i < LANES; i++)
		shmb_producer_close(producers[i]);
	stream_memory_close(stream);
	stream_memory_stop(&memory);
}

/* N to each lane. */
static void send_some(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		for (unsigned lane = 0; lane < LANES; lane++)
			must(shmb_producer_send(producers[lane], &i, sizeof(i), SHMB_AT_ONCE) == 0);
}

static void take_some(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		ck_assert_int_eq(shmb_consumer_take(consumer, &(unsigned){0}, sizeof(unsigned),
						    SHMB_AT_ONCE, NULL),
				 0);
}

static struct shmb_consumer *consumer_at(struct shmb_stream *of,
					 const struct shmb_position *positions, bool looks_on)
{
	const struct shmb_consumer_options options = {.start = SHMB_START_AT,
						      .positions = positions,
						      .looks_on = looks_on};

	return stream_memory_consumer(of, &options);
}

/* OTHER sees what the consumer of the test sees next. */
static void check_same(struct shmb_consumer *other, unsigned n)
{
	int64_t next[LANES] = {-1, -1, -1};
	unsigned lost[LANES] = {0};
	struct shmb_record record;

	for (unsigned i = 0; i < n; i++) {
		ck_assert_int_eq(shmb_consumer_take(consumer, &(unsigned){0}, sizeof(unsigned),
						    SHMB_AT_ONCE, &record),
				 0);
		if (next[record.lane] < 0)
			next[record.lane] = record.number;
		lost[record.lane] += (unsigned)record.lost;
	}
	for (unsigned i = 0; i < n; i++) {
		ck_assert_int_eq(shmb_consumer_take(other, &(unsigned){0}, sizeof(unsigned),
						    SHMB_AT_ONCE, &record),
				 0);
		ck_assert_int_eq(record.number, next[record.lane]++);
		lost[record.lane] -= (unsigned)record.lost;
	}
	for (unsigned lane = 0; lane < LANES; lane++)
		ck_assert_uint_eq(lost[lane], 0);
	ck_assert_int_eq(shmb_consumer_take(other, NULL, 0, SHMB_AT_ONCE, NULL), SHMB_EMPTY);
}

START_TEST(another_goes_on_where_one_was)
{
	struct shmb_stream *looking = stream_memory_look(&memory);
	struct shmb_position positions[LANES];
	struct shmb_consumer *other;

	send_some(5);
	take_some(7);
	ck_assert_int_eq(shmb_consumer_tell(consumer, positions, LANES), 0);
	other = consumer_at(looking, positions, true);
	check_same(other, 5 * LANES - 7);
	shmb_consumer_close(other);
	/* Also at the end, where nothing is yet. */
	ck_assert_int_eq(shmb_consumer_tell(consumer, positions, LANES), 0);
	other = consumer_at(stream, positions, false);
	send_some(3);
	check_same(other, 3 * LANES);
	shmb_consumer_close(other);
	stream_memory_close(looking);
}
END_TEST

START_TEST(what_was_overwritten_since_is_told)
{
	struct shmb_position positions[LANES];
	struct shmb_consumer *other;
	struct shmb_record record;
	uint64_t seen = 0;

	send_some(5);
	take_some(7);
	ck_assert_int_eq(shmb_consumer_tell(consumer, positions, LANES), 0);
	send_some(2000);
	other = consumer_at(stream, positions, false);
	while (shmb_consumer_take(other, &(unsigned){0}, sizeof(unsigned), SHMB_AT_ONCE, &record) ==
	       0)
		seen += 1 + record.lost;
	ck_assert_uint_eq(seen, 2005 * LANES - 7);
	shmb_consumer_close(other);
}
END_TEST

/* Of one that has just been lapped, and of one that knows no number. */
START_TEST(a_position_is_told_in_any_case)
{
	struct shmb_position positions[LANES];
	struct shmb_consumer *other;

	send_some(2000);
	ck_assert_int_eq(shmb_consumer_tell(consumer, positions, LANES), 0);
	other = consumer_at(stream, positions, false);
	consumer->tracks[0].has_number = false;
	ck_assert_int_eq(shmb_consumer_tell(consumer, positions, LANES), 0);
	ck_assert_uint_eq(positions[0].number, other->tracks[0].number);
	shmb_consumer_close(other);
}
END_TEST

START_TEST(what_is_no_position_is_refused)
{
	struct shmb_position positions[LANES] = {{0}};
	const struct shmb_consumer_options no_start = {.start = (enum shmb_start)99};
	const struct shmb_consumer_options nowhere = {.start = SHMB_START_AT},
					   options = {.start = SHMB_START_AT,
						      .positions = positions};
	struct shmb_consumer *other;
	int r;

	ck_assert_int_eq(shmb_consumer_tell(consumer, positions, LANES - 1), -EINVAL);
	says(" lanes, and there is room for ");
	ck_assert_int_eq(shmb_consumer_open(stream, &nowhere, &other), -EINVAL);
	says("begin at no position of this stream");
	ck_assert_int_eq(shmb_consumer_open(stream, &no_start, &other), -EINVAL);
	says("say nothing where it could begin");
	positions[1].offset = 4;
	ck_assert_int_eq(shmb_consumer_open(stream, &options, &other), -EINVAL);
	positions[1].offset = 2 * (uint64_t)LANE;
	ck_assert_int_eq(shmb_consumer_open(stream, &options, &other), -EINVAL);
	says("begin at no position of this stream");
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "position"));
	/* One that lies within a record: the number says so. */
	send_some(2);
	positions[1] = (struct shmb_position){24, 1};
	ck_assert_int_eq(shmb_consumer_open(stream, &options, &other), 0);
	do
		r = shmb_consumer_take(other, &(unsigned){0}, sizeof(unsigned), SHMB_AT_ONCE, NULL);
	while (r == 0);
	ck_assert_int_eq(r, -EBADMSG);
	shmb_consumer_close(other);
}
END_TEST

START_TEST(a_queue_has_none)
{
	struct shmb_position positions[LANES] = {{0}};
	const struct shmb_consumer_options options = {.start = SHMB_START_AT,
						      .positions = positions};
	struct shmb_consumer *other;

	ck_assert_int_eq(shmb_consumer_tell(consumer, positions, LANES), -EINVAL);
	says("\" has no position of its own");
	ck_assert_int_eq(shmb_consumer_open(stream, &options, &other), -EINVAL);
	says("begin at a position, in a queue, where all have one beginning");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stream_position");
	TCase *waiting = tcase_create("waiting");
	TCase *overwriting = tcase_create("overwriting");
	TCase *queue = tcase_create("queue");

	tcase_add_checked_fixture(waiting, start, stop);
	tcase_add_test(waiting, another_goes_on_where_one_was);
	tcase_add_test(waiting, what_is_no_position_is_refused);
	tcase_add_checked_fixture(overwriting, start_overwriting, stop);
	tcase_add_test(overwriting, what_was_overwritten_since_is_told);
	tcase_add_test(overwriting, a_position_is_told_in_any_case);
	tcase_add_checked_fixture(queue, start_queue, stop);
	tcase_add_test(queue, a_queue_has_none);
	suite_add_tcase(suite, waiting);
	suite_add_tcase(suite, overwriting);
	suite_add_tcase(suite, queue);
	return suite_run(suite);
}
