/*
 * Sending: what comes out is what went in, in its order, wherever in the lane it lies; and what
 * becomes of a lane that is full, or whose producer is gone.
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
#include "support/says.h"
#include "support/suite.h"

#define LANE  4096u
#define LANES 3u

static struct stream_memory memory;
static struct shmb_stream *stream, *watching; /* of who sends, and of who takes */
static struct shmb_producer *producer;
static struct shmb_consumer *consumer;

static void start_with(unsigned flags)
{
	const struct stream_shape shape = {.lane_size = LANE,
					   .n_lanes = LANES,
					   .n_seats = 2,
					   .flags = flags};

	stream_memory_start(&memory, &shape);
	stream = stream_memory_join(&memory);
	ck_assert_int_eq(shmb_producer_open(stream, &producer), 0);
	watching = stream_memory_join(&memory);
	ck_assert_int_eq(shmb_consumer_open(watching, NULL, &consumer), 0);
}

static void start(void)
{
	start_with(0);
}

static void start_refusing(void)
{
	start_with(STREAM_REFUSE);
}

static void start_overwriting(void)
{
	start_with(STREAM_OVERWRITE);
}

static void stop(void)
{
	shmb_consumer_close(consumer);
	shmb_producer_close(producer);
	stream_memory_close(watching);
	stream_memory_close(stream);
	stream_memory_stop(&memory);
}

static void send_text(const char *text)
{
	ck_assert_int_eq(shmb_producer_send(producer, text, strlen(text), SHMB_AT_ONCE), 0);
}

static struct shmb_record take(char *text, size_t room)
{
	struct shmb_record record = {.size = 0};

	must(shmb_consumer_take(consumer, text, room, SHMB_AT_ONCE, &record) == 0);
	return record;
}

static void expect_text(const char *expected)
{
	char text[256];
	struct shmb_record record = take(text, sizeof(text));

	ck_assert_uint_eq(record.size, strlen(expected));
	ck_assert_mem_eq(text, expected, record.size);
	ck_assert_uint_eq(record.lost, 0);
}

static void expect_nothing(void)
{
	ck_assert_int_eq(shmb_consumer_take(consumer, NULL, 0, SHMB_AT_ONCE, NULL), SHMB_EMPTY);
}

START_TEST(what_goes_in_comes_out)
{
	char text[8];

	expect_nothing();
	send_text("one");
	send_text("");
	send_text("three");
	expect_text("one");
	ck_assert_uint_eq(take(text, 0).number, 1);
	expect_text("three");
	expect_nothing();
}
END_TEST

/* Of any size, at any place, many times round the lane. */
START_TEST(no_size_and_no_place_matters)
{
	struct chance chance;
	unsigned char sent[LANE], taken[LANE];
	uint64_t most = stream_record_most(&stream->view.shape);

	chance_init(&chance);
	chance_fill(&chance, sent, sizeof(sent));
	for (uint32_t i = 0; i < 20000; i++) {
		size_t size = chance_below(&chance, most + 1) >> chance_below(&chance, 12);
		unsigned char *from = sent + chance_below(&chance, sizeof(sent) - size + 1);
		struct shmb_record record;

		must(shmb_producer_send(producer, from, size, SHMB_AT_ONCE) == 0);
		record = take((char *)taken, size);
		must(record.size == size);
		must(record.number == i);
		must(memcmp(taken, from, size) == 0);
	}
	ck_assert_int_eq(shmb_producer_send(producer, sent, most + 1, SHMB_AT_ONCE), -EFBIG);
	says(" that a record of \"");
	ck_assert_int_eq(shmb_producer_send(producer, sent, SIZE_MAX, SHMB_AT_ONCE), -EFBIG);
	says(" may have; make it with larger lanes");
	expect_nothing();
}
END_TEST

/* As many as there is room for, in order, and then all of them out again; any number at a time. */
START_TEST(a_lane_is_full_and_empty_again)
{
	uint64_t sent = 0, taken = 0, most = 0;

	for (unsigned round = 0; round < 500; round++) {
		uint64_t value, n = 0;
		int r;

		while ((r = shmb_producer_send(producer, &sent, sizeof(sent), SHMB_AT_ONCE)) == 0) {
			sent++;
			n++;
		}
		ck_assert_int_eq(r, -ETIMEDOUT);
		most = n > most ? n : most;
		for (unsigned i = 0; i < 1 + round % 300 && taken < sent; i++, taken++) {
			must(take((char *)&value, sizeof(value)).number == (uint32_t)taken);
			must(value == taken);
		}
	}
	ck_assert_uint_ge(most, LANE / 16 - 2); /* a header and 8 bytes each */
}
END_TEST

START_TEST(reserved_is_not_sent_before_it_is_committed)
{
	void *data;

	ck_assert_int_eq(shmb_producer_commit(producer, 0), -EINVAL);
	says("\" is reserved that could be committed");
	ck_assert_int_eq(shmb_producer_reserve(producer, 100, SHMB_AT_ONCE, &data), 0);
	ck_assert_uint_eq((uintptr_t)data % 8, 0);
	memcpy(data, "in place", 8);
	expect_nothing();
	ck_assert_int_eq(shmb_producer_commit(producer, 105), -EFBIG);
	says("\" are more than were reserved");
	ck_assert_int_eq(shmb_producer_commit(producer, SIZE_MAX), -EFBIG);
	ck_assert_int_eq(shmb_producer_commit(producer, 8), 0);
	ck_assert_int_eq(shmb_producer_commit(producer, 8), -EINVAL);
	expect_text("in place");
	/* What is reserved is given up by the next. */
	ck_assert_int_eq(shmb_producer_reserve(producer, 8, SHMB_AT_ONCE, &data), 0);
	send_text("instead");
	ck_assert_int_eq(shmb_producer_commit(producer, 1), -EINVAL);
	expect_text("instead");
	expect_nothing();
}
END_TEST

/* What was written into more room than was sent then is no record. */
START_TEST(what_is_reserved_in_vain_leaves_nothing)
{
	uint64_t nonsense[64];
	void *data;

	for (unsigned i = 0; i < 2000; i++) {
		for (unsigned word = 0; word < ARRAY_SIZE(nonsense); word++)
			nonsense[word] = stream_record(STREAM_RECORD, 8, 2 * i + word % 3);
		must(shmb_producer_reserve(producer, sizeof(nonsense), SHMB_AT_ONCE, &data) == 0);
		memcpy(data, nonsense, sizeof(nonsense));
		if (i % 2)
			must(shmb_producer_commit(producer, 1 + i % 20) == 0);
		else
			must(shmb_producer_send(producer, "instead", 7, SHMB_AT_ONCE) == 0);
		must(take((char *)nonsense, sizeof(nonsense)).number == i);
		expect_nothing();
	}
}
END_TEST

START_TEST(many_are_sent_at_once)
{
	static char digits[] = "0123456789abc";
	char text[8] = {0};
	struct iovec records[100];
	unsigned sent = 0, taken = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(records); i++)
		records[i] = (struct iovec){digits + i % 10, i % 4};
	for (unsigned round = 0; round < 50; round++) {
		ck_assert_int_eq(shmb_producer_send_all(producer, records, ARRAY_SIZE(records),
							SHMB_AT_ONCE, &sent),
				 0);
		ck_assert_uint_eq(sent, ARRAY_SIZE(records));
		for (unsigned i = 0; i < sent; i++, taken++) {
			struct shmb_record record = take(text, sizeof(text));

			ck_assert_uint_eq(record.number, taken);
			ck_assert_uint_eq(record.size, records[i].iov_len);
			ck_assert_mem_eq(text, records[i].iov_base, record.size);
		}
		expect_nothing();
	}
	ck_assert_int_eq(shmb_producer_send_all(producer, records, 0, SHMB_AT_ONCE, &sent), 0);
	ck_assert_uint_eq(sent, 0);
}
END_TEST

START_TEST(of_many_the_first_ones_are_sent)
{
	static char bytes[LANE / 4];
	struct iovec records[10];
	unsigned sent = 77;

	for (unsigned i = 0; i < ARRAY_SIZE(records); i++)
		records[i] = (struct iovec){bytes, sizeof(bytes)};
	ck_assert_int_eq(shmb_producer_send_all(producer, records, ARRAY_SIZE(records),
						SHMB_AT_ONCE, &sent),
			 -ETIMEDOUT);
	ck_assert_uint_eq(sent, 3);
	records[1].iov_len = SIZE_MAX;
	while (shmb_consumer_take(consumer, bytes, sizeof(bytes), SHMB_AT_ONCE, NULL) == 0)
		;
	ck_assert_int_eq(shmb_producer_send_all(producer, records, 2, SHMB_AT_ONCE, &sent), -EFBIG);
	ck_assert_uint_eq(sent, 1);
	ck_assert_uint_eq(take(bytes, sizeof(bytes)).number, 3);
	expect_nothing();
}
END_TEST

static void start_with_times(void)
{
	start_with(STREAM_TIMES);
}

/* One or many, copied or in place. */
START_TEST(records_say_when_they_were_sent)
{
	uint64_t before = clock_now_ns(), words[2] = {0};
	struct iovec records[] = {{words, 8}, {words, 16}};
	void *data;

	ck_assert_int_eq(shmb_producer_send(producer, words, 8, SHMB_AT_ONCE), 0);
	ck_assert_int_eq(shmb_producer_send_all(producer, records, 2, SHMB_AT_ONCE, NULL), 0);
	ck_assert_int_eq(shmb_producer_reserve(producer, 16, SHMB_AT_ONCE, &data), 0);
	memset(data, 0, 16);
	ck_assert_int_eq(shmb_producer_commit(producer, 16), 0);
	for (unsigned i = 0; i < 4; i++) {
		struct shmb_record record = take((char *)words, sizeof(words));

		ck_assert_uint_ge(record.time_ns, before);
		before = record.time_ns;
		ck_assert_uint_eq(words[0], 0);
	}
	ck_assert_uint_le(before, clock_now_ns());
}
END_TEST

START_TEST(who_refuses_does_not_wait)
{
	unsigned n = 0;

	while (shmb_producer_send(producer, "x", 1, SHMB_NO_DEADLINE) == 0)
		n++;
	ck_assert_int_eq(shmb_producer_send(producer, "x", 1, SHMB_NO_DEADLINE), -EAGAIN);
	says(", and this stream does not wait; \"shmctl stream stat\" says");
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "full"));
	while (shmb_consumer_take(consumer, &(char){0}, 1, SHMB_AT_ONCE, NULL) == 0)
		n--;
	ck_assert_uint_eq(n, 0);
	send_text("again");
	expect_text("again");
}
END_TEST

/* Exactly so many as were not seen, whatever was read in between. */
START_TEST(what_was_overwritten_is_counted)
{
	struct chance chance;
	uint64_t sent = 0, taken = 0, lost = 0;

	chance_init(&chance);
	for (unsigned round = 0; round < 2000; round++) {
		uint64_t value = 0;

		for (uint64_t n = chance_below(&chance, 600); n > 0; n--, sent++)
			must(shmb_producer_send(producer, &sent, sizeof(sent), SHMB_AT_ONCE) == 0);
		for (uint64_t n = chance_below(&chance, 300); n > 0 && taken + lost < sent; n--) {
			struct shmb_record record = take((char *)&value, sizeof(value));

			lost += record.lost;
			must(value == taken + lost);
			must(record.number == (uint32_t)value);
			taken++;
		}
	}
	ck_assert_uint_gt(lost, 1000);
	ck_assert_uint_gt(taken, 1000);
}
END_TEST

/* The next one goes on behind what it had sent, and what it was about to is gone. */
START_TEST(a_dead_producers_lane_goes_on)
{
	struct shmb_stream *living = stream_memory_join(&memory);
	struct shmb_producer *others[LANES], *heir;
	void *data;

	send_text("first");
	send_text("second");
	ck_assert_int_eq(shmb_producer_reserve(producer, 64, SHMB_AT_ONCE, &data), 0);
	memset(data, 0xff, 64);
	/* Free lanes come first, and nobody gets that of one who lives. */
	for (unsigned i = 1; i < LANES; i++)
		ck_assert_int_eq(shmb_producer_open(living, &others[i]), 0);
	ck_assert_int_eq(shmb_producer_open(living, &heir), -EBUSY);
	says("\" have producers that live; make it with more lanes");
	stream_memory_bury(&memory, stream);
	ck_assert_int_eq(shmb_producer_open(living, &heir), 0);
	ck_assert_ptr_eq(heir->head, producer->head);
	ck_assert_int_eq(shmb_producer_commit(producer, 64), -ENOLCK);
	says("\" was lost: it was taken for dead, or it is a forked child,");
	ck_assert_int_eq(shmb_producer_send(producer, "x", 1, SHMB_AT_ONCE), -ENOLCK);
	ck_assert_int_eq(shmb_producer_send(heir, "third", 5, SHMB_AT_ONCE), 0);
	expect_text("first");
	expect_text("second");
	expect_text("third");
	expect_nothing();
	for (unsigned i = 1; i < LANES; i++)
		shmb_producer_close(others[i]);
	shmb_producer_close(heir);
	stream_memory_close(living);
}
END_TEST

/* Whatever of its steps the last one had come to say. */
START_TEST(an_heir_finds_the_end_by_itself)
{
	for (uint64_t i = 0; i < 3000; i++) {
		struct stream_lane *head = producer->head;
		uint64_t written = atomic_load(&head->written), count = atomic_load(&head->count);
		char text[64] = {0};

		ck_assert_int_eq(shmb_producer_send(producer, &i, sizeof(i), SHMB_AT_ONCE), 0);
		if (i % 3 > 0)
			atomic_store(&head->written, written);
		if (i % 3 > 1)
			atomic_store(&head->count, count);
		shmb_producer_close(producer);
		ck_assert_int_eq(shmb_producer_open(stream, &producer), 0);
		ck_assert_uint_eq(producer->count, i + 1);
		ck_assert_uint_eq(take(text, sizeof(text)).number, i);
		ck_assert_mem_eq(text, &i, sizeof(i));
		expect_nothing();
	}
}
END_TEST

START_TEST(a_stream_to_be_read_only_has_no_producers)
{
	struct shmb_stream *looking = stream_memory_look(&memory);
	struct shmb_producer *other;

	ck_assert_int_eq(shmb_producer_open(looking, &other), -EPERM);
	says(" is open to be read only, so that nothing can be sent");
	stream_memory_close(looking);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stream_send");
	TCase *waiting = tcase_create("waiting");
	TCase *refusing = tcase_create("refusing");
	TCase *overwriting = tcase_create("overwriting");
	TCase *timed = tcase_create("timed");

	tcase_add_checked_fixture(waiting, start, stop);
	tcase_add_test(waiting, what_goes_in_comes_out);
	tcase_add_test(waiting, no_size_and_no_place_matters);
	tcase_add_test(waiting, a_lane_is_full_and_empty_again);
	tcase_add_test(waiting, reserved_is_not_sent_before_it_is_committed);
	tcase_add_test(waiting, what_is_reserved_in_vain_leaves_nothing);
	tcase_add_test(waiting, many_are_sent_at_once);
	tcase_add_test(waiting, of_many_the_first_ones_are_sent);
	tcase_add_test(waiting, a_dead_producers_lane_goes_on);
	tcase_add_test(waiting, an_heir_finds_the_end_by_itself);
	tcase_add_test(waiting, a_stream_to_be_read_only_has_no_producers);
	tcase_add_checked_fixture(refusing, start_refusing, stop);
	tcase_add_test(refusing, who_refuses_does_not_wait);
	tcase_add_checked_fixture(overwriting, start_overwriting, stop);
	tcase_add_test(overwriting, what_was_overwritten_is_counted);
	tcase_add_checked_fixture(timed, start_with_times, stop);
	tcase_add_test(timed, records_say_when_they_were_sent);
	tcase_add_test(timed, no_size_and_no_place_matters);
	suite_add_tcase(suite, timed);
	suite_add_tcase(suite, waiting);
	suite_add_tcase(suite, refusing);
	suite_add_tcase(suite, overwriting);
	return suite_run(suite);
}
