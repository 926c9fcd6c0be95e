/*
 * Broadcasts: whoever goes on finds all that was sent in its order, sends more, and goes round the
 * lane a few times.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <shmbroker/error.h>

#include "core/process.h"
#include "operation.h"
#include "stream_image.h"

#define LANE    STREAM_IMAGE_LANE
#define LARGE   STREAM_IMAGE_LARGE
#define AT_ONCE 3  /* records that are sent at once */
#define MANY    12 /* that are taken in place: of a full lane enough for who waits for room */

/* Of the process that calls. */
static struct shmb_producer *producer;
static struct shmb_consumer *consumer;

static const char *named; /* of consumers, by set-up; NULL for none */

static struct shmb_consumer *consumer_as(struct stream_image *image, uint64_t id)
{
	return stream_image_consumer(image, id, named);
}

/*
 * Set-ups, in the engine.
 */

static void set_up_unformatted(void *data)
{
	struct stream_image *image = data;

	image->cast = cast_renew();
	named = NULL;
}

static void set_up_with(struct stream_image *image, unsigned flags)
{
	named = NULL;
	producer = stream_image_set_up(image, flags);
}

static void set_up(void *data)
{
	set_up_with(data, 0);
	shmb_producer_close(producer);
}

/* The lane is that of one who died. */
static void set_up_orphaned(void *data)
{
	struct stream_image *image = data;

	set_up_with(image, 0);
	cast_bury(image->cast.former);
}

/* The next record, which is a large one, does not fit before the end of the lane. */
static void set_up_at_the_end_of(struct stream_image *image, unsigned flags)
{
	set_up_with(image, flags);
	while (record_size(image->before) != LARGE ||
	       LANE - producer->position % LANE > stream_stride(producer->prefix, LARGE)) {
		if (stream_image_send(producer, SHMB_AT_ONCE) < 0)
			abort();
		image->before++;
	}
	shmb_producer_close(producer);
}

static void set_up_at_the_end(void *data)
{
	set_up_at_the_end_of(data, 0);
}

static void set_up_at_the_end_overwriting(void *data)
{
	set_up_at_the_end_of(data, STREAM_OVERWRITE);
}

/* The victim sits there already, so that a producer waits for it. */
static void set_up_seated(void *data)
{
	struct stream_image *image = data;

	set_up(image);
	consumer = consumer_as(image, image->cast.victim);
}

/* Somebody with a name was there, and has left. */
static void set_up_named(void *data)
{
	struct stream_image *image = data;

	set_up(image);
	named = "reader";
	shmb_consumer_close(consumer_as(image, image->cast.former));
}

/* And all that it had yet to take was overwritten since, up to the oldest that are kept. */
static void set_up_lapped(void *data)
{
	struct stream_image *image = data;
	uint32_t oldest;
	int64_t next = -1;

	set_up_with(image, STREAM_OVERWRITE);
	named = "reader";
	consumer = consumer_as(image, image->cast.former);
	if (stream_image_take_whole(consumer, &next))
		abort();
	shmb_consumer_close(consumer);
	for (unsigned i = 0; i < STREAM_IMAGE_MORE; i++)
		if (stream_image_send(producer, SHMB_AT_ONCE) < 0)
			abort();
	oldest = stream_record_number(
		*stream_at(producer->lane, producer->mask, atomic_load(&producer->head->oldest)));
	image->lost = oldest - image->before;
	image->before = (unsigned)producer->count;
	shmb_producer_close(producer);
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

	consumer = consumer_as(image, image->cast.victim);
}

/* As if the engine's handle had been opened here. */
static void be_seated(void *data)
{
	(void)data;
	consumer->stream->segment->process = process_here();
}

static const char *format(void *data)
{
	static const struct stream_shape shape = {.lane_size = LANE, .n_lanes = 1, .n_seats = 1};
	static const uint8_t instance[LAYOUT_INSTANCE_SIZE];
	struct stream_image *image = data;

	HOLDS(stream_format(image->memory, sizeof(image->memory), &shape, instance) == 0,
	      "it is not formatted");
	return NULL;
}

static const char *take_lane(void *data)
{
	be_producer(data);
	HOLDS(producer, "the lane is not had");
	return NULL;
}

static const char *leave_lane(void *data)
{
	(void)data;
	shmb_producer_close(producer);
	return NULL;
}

static const char *send_one(void *data)
{
	(void)data;
	HOLDS(stream_image_send(producer, SHMB_AT_ONCE) == 0, "it is not sent");
	return NULL;
}

static const char *send_at_once(void *data)
{
	unsigned char bytes[AT_ONCE][LARGE];
	struct iovec records[AT_ONCE];

	(void)data;
	for (unsigned i = 0; i < AT_ONCE; i++) {
		unsigned number = (unsigned)producer->count + i;

		memset(bytes[i], record_byte(number), sizeof(bytes[i]));
		records[i] = (struct iovec){bytes[i], record_size(number)};
	}
	HOLDS(shmb_producer_send_all(producer, records, AT_ONCE, SHMB_AT_ONCE, NULL) == 0,
	      "they are not sent");
	return NULL;
}

static const char *send_in_place(void *data)
{
	unsigned number = (unsigned)producer->count;
	void *bytes;

	(void)data;
	HOLDS(shmb_producer_reserve(producer, LARGE, SHMB_AT_ONCE, &bytes) == 0,
	      "there is no room");
	memset(bytes, record_byte(number), LARGE);
	HOLDS(shmb_producer_commit(producer, record_size(number)) == 0, "it is not sent");
	return NULL;
}

static const char *take_seat(void *data)
{
	be_consumer(data);
	HOLDS(consumer, "the seat is not had");
	return NULL;
}

static const char *leave_seat(void *data)
{
	(void)data;
	shmb_consumer_close(consumer);
	return NULL;
}

static const char *take_all(void *data)
{
	unsigned char bytes[LARGE];
	int r;

	(void)data;
	while ((r = shmb_consumer_take(consumer, bytes, sizeof(bytes), SHMB_AT_ONCE, NULL)) == 0)
		;
	HOLDS(r == SHMB_EMPTY, "they are not taken");
	return NULL;
}

static const char *take_in_place(void *data)
{
	struct shmb_record records[MANY];
	unsigned n;

	(void)data;
	HOLDS(shmb_consumer_peek(consumer, records, MANY, SHMB_AT_ONCE, &n) == 0,
	      "they are not there");
	HOLDS(shmb_consumer_release(consumer, n) == 0, "they are not released");
	return NULL;
}

static const char *come_back_and_take(void *data)
{
	struct stream_image *image = data;
	struct shmb_record records[MANY];
	unsigned n;

	be_consumer(image);
	HOLDS(consumer, "the seat is not had");
	HOLDS(shmb_consumer_peek(consumer, records, MANY, SHMB_AT_ONCE, &n) == 0,
	      "they are not there");
	HOLDS(records[0].lost == image->lost, "it is told of another loss");
	atomic_store(&image->taken, n);
	HOLDS(shmb_consumer_release(consumer, n) == 0, "they are not released");
	return NULL;
}

/*
 * Survivors.
 */

/* Of what was lost neither more nor fewer are known, and no other is lost. */
static const char *know_what_was_lost(void *data, bool is_whole)
{
	struct stream_image *image = data;
	unsigned char bytes[LARGE];
	struct shmb_seat_facts facts;
	struct shmb_record record;
	unsigned taken;

	(void)is_whole;
	consumer = consumer_as(image, image->cast.survivor);
	HOLDS(consumer, "nobody can come back any more");
	HOLDS(shmb_stream_seat(consumer->stream, 0, &facts) == 0, "nobody sits there");
	HOLDS(facts.lost == image->lost, "another number of records is lost");
	for (taken = 0;
	     shmb_consumer_take(consumer, bytes, sizeof(bytes), SHMB_AT_ONCE, &record) == 0;
	     taken++)
		HOLDS(record.lost == 0 || (taken == 0 && record.lost == image->lost),
		      "another loss is told");
	HOLDS(taken + image->lost + atomic_load(&image->taken) + 4 >= image->before,
	      "a record is lost and not told");
	return NULL;
}

/* To what there was before the victim adds ADDED, all or none; or any number, in parts. */
static const char *go_on_from(struct stream_image *image, unsigned added, bool in_parts,
			      bool is_whole)
{
	const char *wrong;
	int64_t next = -1, sent;

	consumer = consumer_as(image, image->cast.survivor);
	HOLDS(consumer, "nobody can become a consumer any more");
	producer = stream_image_producer(image, image->cast.survivor);
	HOLDS(producer, "nobody can become a producer any more");
	wrong = stream_image_take_whole(consumer, &next);
	if (wrong)
		return wrong;
	if (named && next < 0)
		next = (int64_t)image->before; /* who had the name before had taken all */
	sent = next - (int64_t)image->before;
	HOLDS(sent >= 0 && sent <= (int64_t)added, "what was sent before is not there");
	HOLDS(in_parts || sent == 0 || sent == (int64_t)added, "half of it is there");
	HOLDS(!is_whole || sent == (int64_t)added, "what was sent is not there");
	for (unsigned i = 0; i < STREAM_IMAGE_MORE && !wrong; i++) {
		HOLDS(stream_image_send(producer, SHMB_AT_ONCE) == 0,
		      "somebody is waited for who is dead");
		wrong = stream_image_take_whole(consumer, &next);
	}
	HOLDS(wrong || next == (int64_t)image->before + sent + STREAM_IMAGE_MORE,
	      "what is sent is not there");
	return wrong;
}

static const char *go_on(void *data, bool is_whole)
{
	return go_on_from(data, 0, false, is_whole);
}

static const char *go_on_with_one(void *data, bool is_whole)
{
	return go_on_from(data, 1, false, is_whole);
}

static const char *go_on_with_all(void *data, bool is_whole)
{
	return go_on_from(data, AT_ONCE, false, is_whole);
}

/* What goes round the end of the lane is sent in two parts. */
static const char *go_on_with_some(void *data, bool is_whole)
{
	return go_on_from(data, AT_ONCE, true, is_whole);
}

/* What is not whole is no stream. It is thrown away by the broker; here it is formatted again. */
static const char *open_or_format(void *data, bool is_whole)
{
	struct stream_image *image = data;
	uint8_t found[LAYOUT_INSTANCE_SIZE];
	struct stream_view view;
	const char *fault, *wrong;
	int r = stream_attach(image->memory, sizeof(image->memory), &view, found, &fault);
	int64_t next = 0;

	HOLDS(r == 0 || (r == -ESTALE && !is_whole), "half a header is taken for something");
	wrong = r < 0 ? format(image) : NULL;
	if (wrong)
		return wrong;
	consumer = consumer_as(image, image->cast.survivor);
	producer = stream_image_producer(image, image->cast.survivor);
	HOLDS(consumer && producer, "nobody can use it");
	HOLDS(stream_image_send(producer, SHMB_AT_ONCE) == 0, "nothing can be sent");
	wrong = stream_image_take_whole(consumer, &next);
	HOLDS(wrong || next == 1, "nothing is taken");
	return wrong;
}

/* The survivor waits for what the victim sends, or whoever sends after its death. */
static const char *sleep_for_record(void *data, bool is_whole)
{
	struct stream_image *image = data;
	unsigned char bytes[LARGE];
	int64_t next = -1;
	const char *wrong;

	(void)is_whole;
	consumer = consumer_as(image, image->cast.survivor);
	HOLDS(consumer, "nobody can become a consumer");
	wrong = stream_image_take_whole(consumer, &next);
	if (wrong)
		return wrong;
	HOLDS(shmb_consumer_take(consumer, bytes, sizeof(bytes), SHMB_NO_DEADLINE, NULL) == 0,
	      "a wait fails");
	return NULL;
}

static void bury_and_send(void *data)
{
	struct stream_image *image = data;

	bury(image);
	producer = stream_image_producer(image, image->cast.former);
	if (producer)
		(void)stream_image_send(producer, SHMB_AT_ONCE);
}

/* The survivor waits for room that the victim makes, or leaves. */
static const char *sleep_for_room(void *data, bool is_whole)
{
	struct stream_image *image = data;

	(void)is_whole;
	producer = stream_image_producer(image, image->cast.survivor);
	HOLDS(producer, "nobody can become a producer");
	for (unsigned i = 0;
	     i < STREAM_IMAGE_MORE && stream_image_send(producer, SHMB_AT_ONCE) == 0; i++)
		;
	HOLDS(stream_image_send(producer, SHMB_NO_DEADLINE) == 0, "a wait fails");
	return NULL;
}

#define ROW(what, setting, preparing, doing, burying, going_on)                                    \
	.name = "broadcast: " what, .size = sizeof(struct stream_image), .set_up = setting,        \
	.prepare = preparing, .act = doing, .bury = burying, .go_on = going_on

/* clang-format off */
const struct operation stream_operations[] = {
	{ROW("lay out", set_up_unformatted, be_nobody, format, bury, open_or_format)},
	{ROW("take a lane", set_up, be_nobody, take_lane, bury, go_on)},
	{ROW("take a dead producer's lane", set_up_orphaned, be_nobody, take_lane, bury, go_on)},
	{ROW("leave a lane", set_up, be_producer, leave_lane, bury, go_on)},
	{ROW("send", set_up, be_producer, send_one, bury, go_on_with_one)},
	{ROW("send at the end of the lane", set_up_at_the_end, be_producer, send_one, bury, go_on_with_one)},
	{ROW("send over the oldest", set_up_at_the_end_overwriting, be_producer, send_one, bury, go_on_with_one)},
	{ROW("send in place", set_up, be_producer, send_in_place, bury, go_on_with_one)},
	{ROW("send many at once", set_up, be_producer, send_at_once, bury, go_on_with_all)},
	{ROW("send many at once at the end of the lane", set_up_at_the_end, be_producer, send_at_once, bury, go_on_with_some)},
	{ROW("take a seat", set_up, be_nobody, take_seat, bury, go_on)},
	{ROW("leave a seat", set_up, be_consumer, leave_seat, bury, go_on)},
	{ROW("come back", set_up_named, be_nobody, take_seat, bury, go_on)},
	{ROW("come back, and take what is not overwritten", set_up_lapped, be_nobody, come_back_and_take, bury, know_what_was_lost)},
	{ROW("leave a seat that is kept", set_up_named, be_consumer, leave_seat, bury, go_on)},
	{ROW("take by name", set_up_named, be_consumer, take_all, bury, go_on)},
	{ROW("take", set_up, be_consumer, take_all, bury, go_on)},
	{ROW("take in place", set_up, be_consumer, take_in_place, bury, go_on)},
	{ROW("send, one sleeps", set_up, be_producer, send_one, bury_and_send, sleep_for_record), .sleeps = true},
	{ROW("take, one waits for room", set_up_seated, be_seated, take_in_place, bury, sleep_for_room), .sleeps = true},
	{ROW("leave a seat, one waits for room", set_up_seated, be_seated, leave_seat, bury, sleep_for_room), .sleeps = true},
	{.name = NULL},
};
/* clang-format on */
