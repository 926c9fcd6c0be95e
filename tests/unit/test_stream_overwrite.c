/*
 * Overwriting: what was lost is told once, also to who goes on with a name; something is kept of
 * records of any size; and nobody is held up by who overwrites what he copies.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <shmbroker/error.h>

#include "base/attr.h"
#include "base/clock.h"
#include "stream_memory.h"
#include "support/child.h"
#include "support/eventually.h"
#include "support/suite.h"

#define LANE 4096u

static struct stream_memory memory;
static struct shmb_stream *stream;
static struct shmb_producer *producer;

static void start(void)
{
	const struct stream_shape shape = {.lane_size = LANE,
					   .n_lanes = 1,
					   .n_seats = 2,
					   .flags = STREAM_OVERWRITE};

	stream_memory_start(&memory, &shape);
	stream = stream_memory_join(&memory);
	producer = stream_memory_producer(stream);
}

static void stop(void)
{
	shmb_producer_close(producer);
	stream_memory_close(stream);
	stream_memory_stop(&memory);
}

/* What it had lost and nobody was told of yet is told to who comes back with the name. */
START_TEST(a_loss_is_told_to_who_goes_on)
{
	const struct shmb_consumer_options named = {.name = "reader"};
	struct shmb_stream *dying = stream_memory_join(&memory);
	struct shmb_consumer *consumer = stream_memory_consumer(dying, &named);
	struct shmb_seat_facts facts;
	struct shmb_record record;
	uint64_t lost;
	unsigned n;

	for (unsigned i = 0; i < 1000; i++)
		must(shmb_producer_send(producer, "x", 1, SHMB_AT_ONCE) == 0);
	ck_assert_int_eq(shmb_stream_seat(stream, 0, &facts), 0);
	ck_assert_uint_gt(facts.behind, LANE / 2); /* all that is kept */
	ck_assert_int_eq(shmb_consumer_peek(consumer, &record, 1, SHMB_AT_ONCE, &n), 0);
	lost = record.lost;
	ck_assert_uint_eq(lost, record.number);
	ck_assert_uint_gt(lost, 100);
	stream_memory_bury(&memory, dying);
	free(consumer);
	consumer = stream_memory_consumer(stream, &named);
	ck_assert_int_eq(shmb_consumer_peek(consumer, &record, 1, SHMB_AT_ONCE, &n), 0);
	ck_assert_uint_eq(record.lost, lost);
	ck_assert_int_eq(shmb_consumer_release(consumer, 1), 0);
	shmb_consumer_close(consumer);
	consumer = stream_memory_consumer(stream, &named);
	ck_assert_int_eq(shmb_consumer_peek(consumer, &record, 1, SHMB_AT_ONCE, &n), 0);
	ck_assert_uint_eq(record.lost, 0);
	shmb_consumer_close(consumer);
	stream_memory_close(dying);
}
END_TEST

/* Of records of half a lane the last one is kept while the next is written, where that does not go
 * round the end. */
START_TEST(of_the_largest_the_last_one_is_kept)
{
	static unsigned char bytes[LANE];
	size_t most = stream_record_most(&stream->view.shape);
	struct shmb_consumer *consumer = stream_memory_consumer(stream, NULL);
	struct shmb_record record;
	void *place;

	for (unsigned i = 0; i < 50; i += 2) {
		must(shmb_producer_send(producer, bytes, most, SHMB_AT_ONCE) == 0);
		must(shmb_producer_reserve(producer, most, SHMB_AT_ONCE, &place) == 0);
		ck_assert_int_eq(shmb_consumer_take(consumer, bytes, sizeof(bytes), SHMB_AT_ONCE,
						    &record),
				 0);
		ck_assert_uint_eq(record.number, i);
		must(shmb_producer_commit(producer, most) == 0);
	}
	shmb_consumer_close(consumer);
}
END_TEST

/* In another process: move `oldest` on all the time. */
static int chase(struct child *self attr_unused, void *data)
{
	uint64_t until = *(const uint64_t *)data;

	for (uint64_t oldest = 0; clock_now_ms() < until; oldest = (oldest + 8) % (LANE / 2))
		atomic_store(&memory.view.heads[0].oldest, oldest);
	return 0;
}

/* What is overwritten while it is copied, again and again, ends the call and not its patience. */
START_TEST(who_is_lapped_again_and_again_is_told)
{
	static unsigned char bytes[LANE];
	struct shmb_consumer *consumer = stream_memory_consumer(stream, NULL);
	uint64_t until = deadline_in_ms(1000);
	struct child child;

	for (unsigned at = 0; at < LANE; at += 8)
		atomic_store(stream_at(producer->lane, producer->mask, at),
			     stream_record(STREAM_RECORD, LANE - at > 1008 ? 1000 : LANE - at - 8,
					   0));
	child_start(&child, chase, &until);
	for (unsigned i = 0; i < 1000 && clock_now_ms() < until; i++) {
		uint64_t begun = clock_now_ms();
		int r = shmb_consumer_take(consumer, bytes, sizeof(bytes), SHMB_AT_ONCE, NULL);

		must(r <= 0 || r == SHMB_EMPTY);
		must(clock_now_ms() - begun < PATIENCE_MS);
	}
	ck_assert_int_eq(child_wait(&child), 0);
	shmb_consumer_close(consumer);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stream_overwrite");
	TCase *tcase = tcase_create("stream_overwrite");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, a_loss_is_told_to_who_goes_on);
	tcase_add_test(tcase, of_the_largest_the_last_one_is_kept);
	tcase_add_test(tcase, who_is_lapped_again_and_again_is_told);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
