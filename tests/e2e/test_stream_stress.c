/*
 * Streams under fate: 64 producers and 8 consumers, of which one is killed every 50 ms, or a
 * consumer stopped, and another takes its place. All that was sent comes, once and in the order of
 * its producer, or is counted as lost; and at the end lanes, seats and ledger are as at the
 * beginning.
 *
 *   SHMB_TEST_SECONDS=600   for so long, all three together; the seed is printed
 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "library.h"
#include "support/chance.h"
#include "support/child.h"
#include "support/suite.h"

#define NAME      "stream"
#define PRODUCERS 64u
#define CONSUMERS 8u
#define ALL       (PRODUCERS + CONSUMERS)
#define LANE      4096u
#define TICK_MS   50
#define FAR_MS    60000
#define LIVES     (1u << 16) /* producers, one after the other */
#define LIFE      16384u     /* records of one */
#define BATCH     20u
#define FILL      100u /* bytes beside what a record says */

enum phase { RUNNING, SENDING_ENDS, ALL_ENDS };

/* What a record says. */
struct record {
	uint32_t life;
	uint32_t number;
	unsigned char fill[FILL];
};

/* A consumer, and those who had its name before. */
struct reader {
	uint32_t next[LIVES];        /* by life: the record that comes next */
	uint32_t by_lane[PRODUCERS]; /* the same as the stream counts them */
	uint64_t taken, lost;
	uint32_t lives;
};

/* What all of them know. A producer says what it means to send before, and what it has sent
 * afterwards. */
static struct tally {
	_Atomic int phase;
	_Atomic uint32_t meant[LIVES], sent[LIVES];
	struct reader readers[CONSUMERS];
	_Atomic unsigned char seen[LIVES][LIFE / 8]; /* of a queue */
	_Atomic uint64_t again;
} * tally;

static struct broker broker;
static struct shmb_connection *connection;
static struct shmb_stream *stream;
static struct shmb_stream_options options;
static struct chance chance;
static uint32_t lives;

static void start_with(enum shmb_delivery delivery, enum shmb_full full)
{
	broker_start(&broker, NULL);
	connection = library_connect(&broker);
	options = (struct shmb_stream_options){
		.segment.flags = SHMB_CREATE,
		.lane_size = LANE,
		.lanes = PRODUCERS,
		.consumers = CONSUMERS,
		.delivery = delivery,
		.full = full,
	};
	expect_ok(shmb_stream_open(connection, NAME, &options, &stream));
	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ck_assert_ptr_ne(tally, MAP_FAILED);
	chance_init(&chance);
	lives = 0;
}

static void start_waiting(void)
{
	start_with(SHMB_BROADCAST, SHMB_FULL_WAIT);
}

static void start_overwriting(void)
{
	start_with(SHMB_BROADCAST, SHMB_FULL_OVERWRITE);
}

static void start_queue(void)
{
	start_with(SHMB_QUEUE, SHMB_FULL_WAIT);
}

static void stop(void)
{
	munmap(tally, sizeof(*tally));
	shmb_stream_close(stream);
	shmb_disconnect(connection);
	broker_stop(&broker);
}

static int phase(void)
{
	return atomic_load(&tally->phase);
}

static struct shmb_stream *join(void)
{
	struct shmb_stream *joined;

	must(shmb_stream_open(library_connect(&broker), NAME, &options, &joined) == 0);
	return joined;
}

/*
 * Producers.
 */

static size_t size_of(const struct record *record)
{
	return offsetof(struct record, fill) + (record->life * 7 + record->number * 31) % FILL;
}

static struct record make(uint32_t life, uint32_t number)
{
	struct record record = {.life = life, .number = number};

	memset(record.fill, (int)(life + number), sizeof(record.fill));
	return record;
}

/* The lane of one who has died is free when the broker knows that. */
static struct shmb_producer *get_lane(struct shmb_stream *of)
{
	struct shmb_producer *producer;
	uint64_t deadline = deadline_in_ms(FAR_MS);
	int r;

	while ((r = shmb_producer_open(of, &producer)) == -EBUSY && deadline_left_ms(deadline) > 0)
		eventually_pause();
	must(r == 0);
	return producer;
}

/* Send N from NUMBER on. */
static int send_some(struct shmb_producer *producer, uint32_t life, uint32_t number, unsigned n)
{
	struct record records[BATCH];
	struct iovec vectors[BATCH];
	uint64_t deadline = shmb_deadline_in_ms(FAR_MS);
	void *place;
	int r;

	for (unsigned i = 0; i < n; i++) {
		records[i] = make(life, number + i);
		vectors[i] = (struct iovec){&records[i], size_of(&records[i])};
	}
	if (n > 1)
		return shmb_producer_send_all(producer, vectors, n, deadline, NULL);
	if (number % 2)
		return shmb_producer_send(producer, &records[0], size_of(&records[0]), deadline);
	r = shmb_producer_reserve(producer, sizeof(records[0]), deadline, &place);
	if (r < 0)
		return r;
	memcpy(place, &records[0], sizeof(records[0]));
	return shmb_producer_commit(producer, size_of(&records[0]));
}

static int produce(struct child *self attr_unused, void *data)
{
	uint32_t life = *(const uint32_t *)data, number = 0;
	struct shmb_producer *producer = get_lane(join());

	chance.state += life;
	while (phase() == RUNNING && number < LIFE) {
		uint32_t n =
			chance_below(&chance, 2) ? 1 : 1 + (uint32_t)chance_below(&chance, BATCH);

		if (n > LIFE - number)
			n = LIFE - number;
		atomic_store(&tally->meant[life], number + n);
		must(send_some(producer, life, number, n) == 0);
		number += n;
		atomic_store(&tally->sent[life], number);
	}
	shmb_producer_close(producer);
	return 0;
}

/*
 * Consumers.
 */

/* What stands in RECORD, which must be whole. */
static struct record read_whole(const struct shmb_record *record)
{
	struct record found = {.number = 0}, made;

	must(record->size >= offsetof(struct record, fill) && record->size <= sizeof(found));
	memcpy(&found, record->data, record->size);
	must(found.life < LIVES && record->size == size_of(&found));
	made = make(found.life, found.number);
	must(memcmp(&found, &made, record->size) == 0);
	return found;
}

/* Of a consumer that goes on after a death the last ones may come again, which it had not yet
 * released. */
static void take_in_order(struct reader *reader, const struct shmb_record *record,
			  unsigned *may_come_again)
{
	struct record found = read_whole(record);

	must(record->lost == 0);
	if (found.number != reader->next[found.life]) {
		must(found.number < reader->next[found.life] && *may_come_again > 0);
		(*may_come_again)--;
		return;
	}
	reader->next[found.life]++;
}

static void consume_in_order(struct shmb_consumer *consumer, struct reader *reader)
{
	unsigned may_come_again = reader->lives++ == 0 ? 0 : SHMB_STREAM_BATCH_MAX;

	for (;;) {
		struct shmb_record records[SHMB_STREAM_BATCH_MAX];
		unsigned n = 1 + (unsigned)chance_below(&chance, SHMB_STREAM_BATCH_MAX);
		int r = shmb_consumer_peek(consumer, records, n, shmb_deadline_in_ms(100), &n);

		if (r == -ETIMEDOUT && phase() == ALL_ENDS)
			return;
		must(r == 0 || r == -ETIMEDOUT);
		for (unsigned i = 0; i < n; i++)
			take_in_order(reader, &records[i], &may_come_again);
		must(n == 0 || shmb_consumer_release(consumer, n) == 0);
	}
}

/* What comes of a lane follows on what came before, but for what it says was lost. Of one that goes
 * on after a death one record may be missing: which that had taken and not written down. */
static void consume_what_is_left(struct shmb_consumer *consumer, struct reader *reader)
{
	bool is_known[PRODUCERS] = {false};

	if (reader->lives++ == 0)
		memset(is_known, true, sizeof(is_known));
	for (;;) {
		struct shmb_record record;
		struct record bytes, found;
		int r = shmb_consumer_take(consumer, &bytes, sizeof(bytes),
					   shmb_deadline_in_ms(100), &record);

		if (r == -ETIMEDOUT && phase() == ALL_ENDS)
			return;
		must(r == 0 || r == -ETIMEDOUT || r == -EAGAIN);
		if (r != 0)
			continue;
		found = read_whole(&record);
		must(found.number >= reader->next[found.life]);
		must(!is_known[record.lane] ||
		     record.number == reader->by_lane[record.lane] + (uint32_t)record.lost);
		is_known[record.lane] = true;
		reader->next[found.life] = found.number + 1;
		reader->by_lane[record.lane] = record.number + 1;
		reader->taken++;
	}
}

/* At times it takes a while to use them, so that death comes within that, too. */
static void dwell(void)
{
	if (chance_below(&chance, 8) == 0)
		eventually_pause();
}

/* Each once; or again, and then it says so. */
static void consume_in_turn(struct shmb_consumer *consumer)
{
	for (;;) {
		struct shmb_record records[SHMB_STREAM_BATCH_MAX];
		unsigned n = 1 + (unsigned)chance_below(&chance, 8);
		int r = shmb_consumer_peek(consumer, records, n, shmb_deadline_in_ms(100), &n);

		if (r == -ETIMEDOUT && phase() == ALL_ENDS)
			return;
		must(r == 0 || r == -ETIMEDOUT);
		for (unsigned i = 0; i < n; i++) {
			struct record found = read_whole(&records[i]);
			unsigned char bit = (unsigned char)(1 << found.number % 8);
			unsigned char before =
				atomic_fetch_or(&tally->seen[found.life][found.number / 8], bit);

			must(!(before & bit) || records[i].again);
			if (records[i].again)
				atomic_fetch_add(&tally->again, 1);
		}
		dwell();
		must(n == 0 || shmb_consumer_release(consumer, n) == 0);
	}
}

/* A place is free, or its name is, when the broker knows that the last one has died. */
static struct shmb_consumer *get_seat(struct shmb_stream *of, unsigned which)
{
	char name[16];
	struct shmb_consumer_options seat = {.start = SHMB_START_OLDEST};
	struct shmb_consumer *consumer;
	uint64_t deadline = deadline_in_ms(FAR_MS);
	int r;

	snprintf(name, sizeof(name), "reader-%u", which);
	if (options.delivery == SHMB_BROADCAST) {
		seat.name = name;
		seat.retain_ms = FAR_MS;
	}
	while ((r = shmb_consumer_open(of, &seat, &consumer)) == -EBUSY &&
	       deadline_left_ms(deadline) > 0)
		eventually_pause();
	must(r == 0);
	return consumer;
}

static int consume(struct child *self, void *data)
{
	unsigned which = *(const unsigned *)data;
	struct shmb_consumer *consumer = get_seat(join(), which);

	chance.state += which;
	child_say(self, 0);
	if (options.delivery == SHMB_QUEUE)
		consume_in_turn(consumer);
	else if (options.full == SHMB_FULL_OVERWRITE)
		consume_what_is_left(consumer, &tally->readers[which]);
	else
		consume_in_order(consumer, &tally->readers[which]);
	shmb_consumer_close(consumer);
	return 0;
}

/*
 * Fate.
 */

static void bear(struct child *child, unsigned place)
{
	unsigned which = place - PRODUCERS;

	if (place >= PRODUCERS) {
		child_start(child, consume, &which);
		return;
	}
	ck_assert_uint_lt(lives, LIVES);
	child_start(child, produce, &lives);
	lives++;
}

/* A producer that has sent all that one may send has a successor. */
static void replace_the_old(struct child *children)
{
	for (unsigned i = 0; i < PRODUCERS; i++)
		if (child_has_said(&children[i])) {
			ck_assert_int_eq(child_wait(&children[i]), 0);
			bear(&children[i], i);
		}
}

static void strike(struct child *children)
{
	unsigned victim = (unsigned)chance_below(&chance, ALL);
	int r;

	/* A third of all blows are for consumers, and some of these are only stopped. */
	if (chance_below(&chance, 3) == 0)
		victim = PRODUCERS + (unsigned)chance_below(&chance, CONSUMERS);
	if (victim >= PRODUCERS && chance_below(&chance, 4) == 0) {
		ck_assert_int_eq(kill(children[victim].pid, SIGSTOP), 0);
		eventually_pause();
		ck_assert_int_eq(kill(children[victim].pid, SIGCONT), 0);
		return;
	}
	ck_assert_int_eq(kill(children[victim].pid, SIGKILL), 0);
	r = child_wait(&children[victim]);
	/* A producer may just have sent all that it may. */
	ck_assert(r == -SIGKILL || (r == 0 && victim < PRODUCERS));
	bear(&children[victim], victim);
}

static uint64_t run_ms(void)
{
	const char *seconds = getenv("SHMB_TEST_SECONDS");

	return seconds ? strtoul(seconds, NULL, 10) * 1000 / 3 : 2000;
}

static void run(void)
{
	const struct timespec tick = {.tv_nsec = TICK_MS * 1000000};
	uint64_t until = deadline_in_ms(run_ms());
	struct child children[ALL];

	for (unsigned i = ALL; i-- > 0;) {
		bear(&children[i], i);
		if (i >= PRODUCERS)
			ck_assert_int_eq(child_hear(&children[i]), 0);
	}
	while (deadline_left_ms(until) > 0) {
		(void)nanosleep(&tick, NULL);
		replace_the_old(children);
		strike(children);
	}
	atomic_store(&tally->phase, SENDING_ENDS);
	for (unsigned i = 0; i < PRODUCERS; i++)
		ck_assert_int_eq(child_wait(&children[i]), 0);
	atomic_store(&tally->phase, ALL_ENDS);
	for (unsigned i = PRODUCERS; i < ALL; i++)
		ck_assert_int_eq(child_wait(&children[i]), 0);
}

/* All lanes can be had, and no more; so their heads say how many there were. */
static uint64_t check_lanes(void)
{
	struct shmb_producer *producers[PRODUCERS], *more;
	struct shmb_lane_facts facts;
	uint64_t sent = 0;

	for (unsigned i = 0; i < PRODUCERS; i++)
		producers[i] = get_lane(stream);
	expect_refused(shmb_producer_open(stream, &more), -EBUSY);
	for (unsigned i = 0; i < PRODUCERS; i++) {
		expect_ok(shmb_stream_lane(stream, i, &facts));
		ck_assert(facts.has_producer && !facts.is_full);
		sent += facts.sent;
	}
	for (unsigned i = 0; i < PRODUCERS; i++)
		shmb_producer_close(producers[i]);
	return sent;
}

/* Nobody is there, and nobody has anything. */
static void check_seats(void)
{
	struct shmb_seat_facts facts;

	for (unsigned seat = 0; seat < CONSUMERS; seat++) {
		if (shmb_stream_seat(stream, seat, &facts) != 0)
			continue;
		ck_assert(!facts.is_here);
		ck_assert_uint_eq(facts.held, 0);
		expect_ok(shmb_stream_evict(stream, facts.ticket));
		ck_assert_int_eq(shmb_stream_seat(stream, seat, &facts), SHMB_EMPTY);
	}
}

static void check_aftermath(void)
{
	eventually(library_stat(connection, NAME).holders == 1);
	check_seats();
}

START_TEST(all_comes_in_order)
{
	run();
	(void)check_lanes();
	for (unsigned c = 0; c < CONSUMERS; c++)
		for (uint32_t life = 0; life < lives; life++) {
			uint32_t next = tally->readers[c].next[life];

			if (next < tally->sent[life] || next > tally->meant[life])
				ck_abort_msg("of producer %u reader %u took %u; %u to %u were sent",
					     life, c, next, tally->sent[life], tally->meant[life]);
		}
	check_aftermath();
}
END_TEST

START_TEST(what_is_lost_is_counted)
{
	struct shmb_seat_facts facts;
	uint64_t sent, n_lost = 0;

	run();
	sent = check_lanes();
	for (unsigned seat = 0; seat < CONSUMERS; seat++) {
		const struct reader *reader;
		uint64_t known;

		expect_ok(shmb_stream_seat(stream, seat, &facts));
		reader = &tally->readers[facts.name[strlen("reader-")] - '0'];
		known = reader->taken + facts.lost;
		n_lost += facts.lost;
		if (known > sent || sent - known >= reader->lives)
			ck_abort_msg("%s took %lu and lost %lu of %lu, in %u lives", facts.name,
				     (unsigned long)reader->taken, (unsigned long)facts.lost,
				     (unsigned long)sent, reader->lives);
	}
	ck_assert_uint_gt(n_lost, 0);
	check_aftermath();
}
END_TEST

START_TEST(all_comes_to_one_or_another)
{
	run();
	(void)check_lanes();
	for (uint32_t life = 0; life < lives; life++)
		for (uint32_t number = 0; number < tally->sent[life]; number++)
			if (!(tally->seen[life][number / 8] & 1 << number % 8))
				ck_abort_msg("record %u of producer %u is lost", number, life);
	printf("%u producers; %lu records came again\n", lives,
	       (unsigned long)atomic_load(&tally->again));
	check_aftermath();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stream_stress");
	TCase *waiting = tcase_create("waiting");
	TCase *overwriting = tcase_create("overwriting");
	TCase *queue = tcase_create("queue");

	tcase_add_checked_fixture(waiting, start_waiting, stop);
	tcase_add_test(waiting, all_comes_in_order);
	tcase_add_checked_fixture(overwriting, start_overwriting, stop);
	tcase_add_test(overwriting, what_is_lost_is_counted);
	tcase_add_checked_fixture(queue, start_queue, stop);
	tcase_add_test(queue, all_comes_to_one_or_another);
	suite_add_tcase(suite, waiting);
	suite_add_tcase(suite, overwriting);
	suite_add_tcase(suite, queue);
	return suite_run(suite);
}
