/*
 * A peer that writes anything at all into the memory of a stream, and into its doorbell, at any
 * moment. Whoever uses it gets errors, losses or wrong records, and every call comes back: nobody
 * faults, nothing outside the memory is touched, which lies before a page that faults.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <shmbroker/error.h>

#include "base/attr.h"
#include "base/clock.h"
#include "stream_memory.h"
#include "support/chance.h"
#include "support/child.h"
#include "support/hostile.h"
#include "support/suite.h"

#define LANE    4096u
#define CALL_MS 20 /* what a call may wait for */

static struct stream_memory memory;
static struct chance chance;
static uint64_t until; /* as clock_now_ms() */

static void start_with(unsigned flags)
{
	const struct stream_shape shape = {.lane_size = LANE,
					   .n_lanes = 2,
					   .n_seats = 3,
					   .flags = flags};

	stream_memory_start(&memory, &shape);
	chance_init(&chance);
	until = deadline_in_ms(hostile_ms());
}

static void start_waiting(void)
{
	start_with(STREAM_TIMES);
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
	stream_memory_stop(&memory);
}

/* What is more likely to be taken for true than 64 bits at random. */
static uint64_t make_up(const uint64_t *words, size_t n)
{
	switch (chance_below(&chance, 8)) {
	case 0:
		return chance_u64(&chance);
	case 1:
		return words[chance_below(&chance, n)];
	case 2:
		return words[chance_below(&chance, n)] + 8 * (chance_below(&chance, 3) - 1);
	case 3:
		return stream_record((enum stream_kind)chance_below(&chance, 4),
				     chance_below(&chance, 2 * LANE), chance_below(&chance, 300));
	case 4:
		return UINT64_MAX - chance_below(&chance, 3);
	case 5:
		return UINT64_C(1) << chance_below(&chance, 64);
	default:
		return chance_below(&chance, 4 * LANE) & ~UINT64_C(7);
	}
}

/* What is before the lanes more often than they; at times that as it was, so that all goes on. */
static int scribble(struct child *self attr_unused, void *data attr_unused)
{
	uint64_t *words = memory.twin.writable;
	size_t n = memory.twin.size / sizeof(*words);
	size_t n_before = (size_t)(memory.view.lanes - (unsigned char *)words) / sizeof(*words);
	uint64_t honest[4096];

	must(n_before <= ARRAY_SIZE(honest));
	memcpy(honest, words, n_before * sizeof(*words));
	while (clock_now_ms() < until)
		for (unsigned i = 0; i < 1000; i++) {
			size_t range = chance_below(&chance, 2) ? n_before : n;
			_Atomic uint64_t *word =
				(_Atomic uint64_t *)&words[chance_below(&chance, range)];

			atomic_store_explicit(word, make_up(words, n), memory_order_relaxed);
			if (i % 16 == 0)
				atomic_store(&memory.twin.bell->rung, (uint32_t)make_up(words, n));
			if (i % 100 == 0)
				memcpy(words, honest, n_before * sizeof(*words));
		}
	return 0;
}

static void must_be_a_result(int r)
{
	if (r < 0 && shmb_last_error()[0] == '\0')
		ck_abort_msg("%d without a word", r);
}

static uint64_t soon(void)
{
	return shmb_deadline_in_ms(chance_below(&chance, CALL_MS));
}

static void send_somehow(struct shmb_producer *producer)
{
	static const unsigned char bytes[LANE];
	struct iovec records[20];
	unsigned n = (unsigned)chance_below(&chance, ARRAY_SIZE(records)), sent = 0;
	size_t size = chance_below(&chance, LANE * 3 / 4);
	void *data;
	int r;

	must_be_a_result(shmb_producer_send(producer, bytes, size, soon()));
	r = shmb_producer_reserve(producer, size, soon(), &data);
	must_be_a_result(r);
	if (r == 0) {
		memset(data, 1, size);
		must_be_a_result(shmb_producer_commit(producer, chance_below(&chance, size + 2)));
	}
	for (unsigned i = 0; i < n; i++)
		records[i] = (struct iovec){(void *)(uintptr_t)bytes, chance_below(&chance, 200)};
	must_be_a_result(shmb_producer_send_all(producer, records, n, SHMB_AT_ONCE, &sent));
	must(sent <= n);
}

static void take_somehow(struct shmb_consumer *consumer)
{
	unsigned char bytes[LANE];
	struct shmb_record records[SHMB_STREAM_BATCH_MAX] = {{.size = 0}};
	unsigned n = 0;
	int r = shmb_consumer_take(consumer, bytes, chance_below(&chance, sizeof(bytes)), soon(),
				   records);

	must_be_a_result(r);
	must(records[0].size <= LANE);
	r = shmb_consumer_peek(consumer, records, ARRAY_SIZE(records), SHMB_AT_ONCE, &n);
	must_be_a_result(r);
	for (unsigned i = 0; i < n; i++) {
		must(records[i].size <= LANE);
		memcpy(bytes, records[i].data, records[i].size);
	}
	if (n > 0)
		must_be_a_result(
			shmb_consumer_release(consumer, 1 + (unsigned)chance_below(&chance, n)));
}

static void come_and_go(struct shmb_stream *stream)
{
	const struct shmb_consumer_options options = {
		.start = (enum shmb_start)chance_below(&chance, 2),
		.looks_on = chance_below(&chance, 2),
		.by_time = chance_below(&chance, 2),
	};
	struct shmb_producer *producer;
	struct shmb_consumer *consumer;
	int r = shmb_producer_open(stream, &producer);

	must_be_a_result(r);
	if (r == 0) {
		send_somehow(producer);
		shmb_producer_close(producer);
	}
	r = shmb_consumer_open(stream, &options, &consumer);
	must_be_a_result(r);
	if (r == 0) {
		take_somehow(consumer);
		shmb_consumer_close(consumer);
	}
}

static void look_somehow(const struct shmb_stream *stream)
{
	struct shmb_seat_facts seat;
	struct shmb_lane_facts lane;

	for (unsigned i = 0; i < stream->view.shape.n_seats; i++)
		if (shmb_stream_seat(stream, i, &seat) == 0)
			must(strnlen(seat.name, sizeof(seat.name)) < sizeof(seat.name));
	for (unsigned i = 0; i < stream->view.shape.n_lanes; i++)
		must(shmb_stream_lane(stream, i, &lane) == 0);
}

/* As opening does, of bytes that may change under it. */
static void attach_somehow(void)
{
	uint8_t instance[LAYOUT_INSTANCE_SIZE];
	struct stream_view view;
	const char *fault = NULL;
	uint64_t needed;
	int r = stream_attach((void *)(uintptr_t)memory.twin.locked, memory.twin.size, &view,
			      instance, &fault);

	if (r < 0 && !fault)
		ck_abort_msg("%d without a word", r);
	if (r == 0 && (!stream_size(&view.shape, &needed) || needed > memory.twin.size))
		ck_abort_msg("a view of more than there is");
}

/* Use it in every way; says how long the worst call took. */
static int use(struct child *self, void *data)
{
	struct shmb_stream *stream = stream_memory_join(&memory);
	struct shmb_stream *looking = stream_memory_look(&memory);
	const struct shmb_consumer_options looks_on = {.looks_on = true};
	struct shmb_consumer *consumer, *onlooker;
	struct shmb_producer *producer = NULL;
	uint64_t worst = 0;

	must(shmb_consumer_open(stream, NULL, &consumer) == 0);
	must(shmb_consumer_open(looking, &looks_on, &onlooker) == 0);
	(void)shmb_producer_open(stream, &producer);
	chance.state += *(const size_t *)data; /* something else than the others */
	child_say(self, 0);
	(void)child_hear(self);
	while (clock_now_ms() < until) {
		uint64_t begun = clock_now_ms(), spent;

		switch (chance_below(&chance, 5)) {
		case 0:
			take_somehow(consumer);
			break;
		case 1:
			take_somehow(onlooker);
			break;
		case 2:
			if (producer)
				send_somehow(producer);
			break;
		case 3:
			come_and_go(stream);
			break;
		default:
			attach_somehow();
			look_somehow(chance_below(&chance, 2) ? stream : looking);
			break;
		}
		spent = clock_now_ms() - begun;
		worst = spent > worst ? spent : worst;
	}
	child_say(self, (int64_t)worst);
	return 0;
}

START_TEST(nothing_at_all_brings_anybody_down)
{
	int64_t worst = hostile_run(use, scribble, until);

	printf("the longest turn took %ld ms\n", (long)worst);
	/* A turn has three calls at most that wait, or one that waits a second for a seat. */
	ck_assert_int_le(worst, 1000 + 3 * CALL_MS + (int64_t)hostile_leeway_ms());
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stream_hostile");
	TCase *waiting = tcase_create("waiting");
	TCase *overwriting = tcase_create("overwriting");
	TCase *queue = tcase_create("queue");

	tcase_add_checked_fixture(waiting, start_waiting, stop);
	tcase_add_test(waiting, nothing_at_all_brings_anybody_down);
	tcase_add_checked_fixture(overwriting, start_overwriting, stop);
	tcase_add_test(overwriting, nothing_at_all_brings_anybody_down);
	suite_add_tcase(suite, waiting);
	suite_add_tcase(suite, overwriting);
	tcase_add_checked_fixture(queue, start_queue, stop);
	tcase_add_test(queue, nothing_at_all_brings_anybody_down);
	suite_add_tcase(suite, queue);
	return suite_run(suite);
}
