/*
 * Queues: what the victim had claimed and not released comes again, in its order; what it may have
 * released does not have to; and nothing else is lost, or comes twice.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <shmbroker/error.h>

#include "core/process.h"
#include "operation.h"
#include "stream_image.h"

#define AT_ONCE 3  /* records that are claimed at once */
#define MANY    12 /* of a full lane enough for who waits for room */

/* Of the process that calls. */
static struct shmb_producer *producer;
static struct shmb_consumer *consumer;

/*
 * Set-ups, in the engine.
 */

static void set_up(void *data)
{
	shmb_producer_close(stream_image_set_up(data, STREAM_QUEUE));
}

/* Somebody else has claimed the first ones, and passed away. */
static void set_up_orphaned(void *data)
{
	struct stream_image *image = data;
	struct shmb_record records[AT_ONCE];
	unsigned n;

	set_up(image);
	consumer = stream_image_consumer(image, image->cast.former, NULL);
	if (shmb_consumer_peek(consumer, records, AT_ONCE, SHMB_AT_ONCE, &n) != 0 || n != AT_ONCE)
		abort();
	cast_bury(image->cast.former);
}

/* The lane is full of records that are done, and their producer has died. */
static void set_up_done(void *data)
{
	struct stream_image *image = data;
	int64_t next = -1;

	producer = stream_image_set_up(image, STREAM_QUEUE);
	while (stream_image_send(producer, SHMB_AT_ONCE) == 0)
		image->before++;
	consumer = stream_image_consumer(image, image->cast.former, NULL);
	if (stream_image_take_whole(consumer, &next))
		abort();
	shmb_consumer_close(consumer);
	atomic_store(&image->taken, image->before);
	cast_bury(image->cast.former);
}

/* The victim sits there already, and has claimed the first N. */
static void claim(struct stream_image *image, unsigned n_claimed)
{
	struct shmb_record records[MANY];
	unsigned n;

	consumer = stream_image_consumer(image, image->cast.victim, NULL);
	if (shmb_consumer_peek(consumer, records, n_claimed, SHMB_AT_ONCE, &n) != 0 ||
	    n != n_claimed)
		abort();
}

static void set_up_claimed(void *data)
{
	set_up(data);
	claim(data, AT_ONCE);
}

/* And the lane is full. */
static void set_up_full(void *data)
{
	producer = stream_image_set_up(data, STREAM_QUEUE);
	while (stream_image_send(producer, SHMB_AT_ONCE) == 0)
		;
	shmb_producer_close(producer);
	claim(data, MANY);
}

static void bury(void *data)
{
	struct stream_image *image = data;

	cast_bury(image->cast.victim);
}

/*
 * Operations, of the victim.
 */

static void be_nobody(void *data)
{
	(void)data;
}

static void be_producer(void *data)
{
	struct stream_image *image = data;

	producer = stream_image_producer(image, image->cast.victim);
}

static void be_consumer(void *data)
{
	struct stream_image *image = data;

	consumer = stream_image_consumer(image, image->cast.victim, NULL);
}

/* As if the engine's handle had been opened here. */
static void be_seated(void *data)
{
	(void)data;
	consumer->stream->segment->process = process_here();
}

static const char *take_lane(void *data)
{
	be_producer(data);
	HOLDS(producer, "the lane is not had");
	return NULL;
}

static const char *send_one(void *data)
{
	(void)data;
	HOLDS(stream_image_send(producer, SHMB_AT_ONCE) == 0, "it is not sent");
	return NULL;
}

static const char *take_all(void *data)
{
	struct stream_image *image = data;
	unsigned char bytes[STREAM_IMAGE_LARGE];
	int r;

	/* Of the one that it takes nobody can know whether it had it. */
	do {
		atomic_fetch_add(&image->taken, 1);
		r = shmb_consumer_take(consumer, bytes, sizeof(bytes), SHMB_AT_ONCE, NULL);
	} while (r == 0);
	HOLDS(r == SHMB_EMPTY, "they are not taken");
	return NULL;
}

static const char *take_in_place(void *data)
{
	struct stream_image *image = data;
	struct shmb_record records[AT_ONCE];
	unsigned n;

	HOLDS(shmb_consumer_peek(consumer, records, AT_ONCE, SHMB_AT_ONCE, &n) == 0,
	      "they are not there");
	atomic_fetch_add(&image->taken, n);
	HOLDS(shmb_consumer_release(consumer, n) == 0, "they are not released");
	return NULL;
}

static const char *release(void *data)
{
	struct stream_image *image = data;

	atomic_fetch_add(&image->taken, consumer->peeked);
	HOLDS(shmb_consumer_release(consumer, consumer->peeked) == 0, "they are not released");
	return NULL;
}

static const char *leave_seat(void *data)
{
	(void)data;
	shmb_consumer_close(consumer);
	return NULL;
}

/*
 * Survivors.
 */

/* All that the victim cannot have released, and up to ADDED more. */
static const char *go_on_from(struct stream_image *image, unsigned added, bool is_whole)
{
	const char *wrong;
	int64_t next = -1, first, sent;
	unsigned char bytes[STREAM_IMAGE_LARGE];
	struct shmb_record record;
	int r;

	consumer = stream_image_consumer(image, image->cast.survivor, NULL);
	HOLDS(consumer, "nobody can become a consumer any more");
	producer = stream_image_producer(image, image->cast.survivor);
	HOLDS(producer, "nobody can become a producer any more");
	r = shmb_consumer_take(consumer, bytes, sizeof(bytes), SHMB_AT_ONCE, &record);
	HOLDS(r == 0 || r == SHMB_EMPTY, "what is there cannot be taken");
	first = r == 0 ? (int64_t)record.number : (int64_t)producer->count;
	HOLDS(first <= (int64_t)atomic_load(&image->taken), "a record is lost");
	next = r == 0 ? first + 1 : first;
	wrong = stream_image_take_whole(consumer, &next);
	HOLDS(wrong || next == (int64_t)producer->count, "the last ones are lost");
	sent = next - (int64_t)image->before;
	HOLDS(wrong || (sent >= 0 && sent <= (int64_t)added), "what was sent is not there");
	HOLDS(wrong || !is_whole || sent == (int64_t)added, "what was sent is not there");
	for (unsigned i = 0; i < STREAM_IMAGE_MORE && !wrong; i++) {
		HOLDS(stream_image_send(producer, SHMB_AT_ONCE) == 0,
		      "somebody is waited for who is dead");
		wrong = stream_image_take_whole(consumer, &next);
	}
	return wrong;
}

static const char *go_on(void *data, bool is_whole)
{
	return go_on_from(data, 0, is_whole);
}

static const char *go_on_with_one(void *data, bool is_whole)
{
	return go_on_from(data, 1, is_whole);
}

/* The survivor waits for the records that the victim has claimed, or for the next one. */
static const char *sleep_for_record(void *data, bool is_whole)
{
	struct stream_image *image = data;
	unsigned char bytes[STREAM_IMAGE_LARGE];
	struct shmb_record record;

	(void)is_whole;
	consumer = stream_image_consumer(image, image->cast.survivor, NULL);
	HOLDS(consumer, "nobody can become a consumer");
	for (unsigned i = AT_ONCE; i < image->before; i++)
		HOLDS(shmb_consumer_take(consumer, bytes, sizeof(bytes), SHMB_AT_ONCE, &record) ==
				      0 &&
			      record.number == i,
		      "what is nobody's is not there");
	HOLDS(shmb_consumer_take(consumer, bytes, sizeof(bytes), SHMB_NO_DEADLINE, &record) == 0,
	      "a wait fails");
	HOLDS(record.number == 0 && record.again, "the first one is lost");
	return NULL;
}

/* The survivor waits for room that the victim makes; when that has died, nobody does but who comes
 * then. */
static const char *sleep_for_room(void *data, bool is_whole)
{
	struct stream_image *image = data;

	(void)is_whole;
	producer = stream_image_producer(image, image->cast.survivor);
	HOLDS(producer, "nobody can become a producer");
	HOLDS(stream_image_send(producer, SHMB_NO_DEADLINE) == 0, "a wait fails");
	return NULL;
}

static void bury_and_take(void *data)
{
	struct stream_image *image = data;
	int64_t next = -1;

	bury(image);
	consumer = stream_image_consumer(image, image->cast.former, NULL);
	if (consumer)
		(void)stream_image_take_whole(consumer, &next);
}

#define ROW(what, setting, preparing, doing, burying, going_on)                                    \
	.name = "queue: " what, .size = sizeof(struct stream_image), .set_up = setting,            \
	.prepare = preparing, .act = doing, .bury = burying, .go_on = going_on

/* clang-format off */
const struct operation queue_operations[] = {
	{ROW("send", set_up, be_producer, send_one, bury, go_on_with_one)},
	{ROW("send over what is done", set_up_done, be_producer, send_one, bury, go_on_with_one)},
	{ROW("take a dead producer's lane", set_up_done, be_nobody, take_lane, bury, go_on)},
	{ROW("take", set_up, be_consumer, take_all, bury, go_on)},
	{ROW("take what a dead consumer had", set_up_orphaned, be_consumer, take_all, bury, go_on)},
	{ROW("take in place", set_up, be_consumer, take_in_place, bury, go_on)},
	{ROW("take in place what a dead consumer had", set_up_orphaned, be_consumer, take_in_place, bury, go_on)},
	{ROW("release", set_up_claimed, be_seated, release, bury, go_on)},
	{ROW("leave a seat", set_up_claimed, be_seated, leave_seat, bury, go_on)},
	{ROW("leave a seat, one sleeps", set_up_claimed, be_seated, leave_seat, bury, sleep_for_record), .sleeps = true},
	{ROW("release, one waits for room", set_up_full, be_seated, release, bury_and_take, sleep_for_room), .sleeps = true},
	{.name = NULL},
};
/* clang-format on */
