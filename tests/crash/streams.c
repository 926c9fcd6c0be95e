/*
 * Streams. Each record has a size and bytes that follow from its number, so that a torn or lost one
 * shows. There is one lane and one seat, so that whoever goes on has to take over what the victim
 * had: it finds all that was sent in its order, sends more, and goes round the lane a few times.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <shmbroker/error.h>

#include "cast.h"
#include "core/process.h"
#include "formats/stream.h"
#include "operation.h"

#define LANE    4096
#define ROOM    8192
#define SMALL   20  /* bytes: copied by a few moves */
#define LARGE   300 /* by a call */
#define BEFORE  4   /* records that are sent before anybody dies */
#define AT_ONCE 3   /* that are sent at once */
#define MANY    12  /* that are taken in place: of a full lane enough for who waits for room */
#define MORE    60  /* that whoever goes on sends, several times round the lane */

struct stream_image {
	_Alignas(128) unsigned char memory[ROOM];
	struct doorbell_page bell;
	struct cast cast;
	unsigned before; /* records that there were before the victim began */
};

/* Of the process that calls. */
static struct shmb_producer *producer;
static struct shmb_consumer *consumer;

static const char *named; /* of consumers, by set-up; NULL for none */

static const struct stream_shape waiting = {.lane_size = LANE, .n_lanes = 1, .n_seats = 1};
static const struct stream_shape overwriting = {.lane_size = LANE,
						.n_lanes = 1,
						.n_seats = 1,
						.flags = STREAM_OVERWRITE};

static const uint8_t instance[LAYOUT_INSTANCE_SIZE];

static size_t size_of(unsigned number)
{
	return number % 3 == 2 ? LARGE : SMALL;
}

static unsigned char byte_of(unsigned number)
{
	return (unsigned char)(number * 37 + 1);
}

static int send(struct shmb_producer *of, uint64_t deadline)
{
	unsigned char bytes[LARGE];
	unsigned number = (unsigned)of->count;

	memset(bytes, byte_of(number), sizeof(bytes));
	return shmb_producer_send(of, bytes, size_of(number), deadline);
}

/* A handle as opening makes it, for the member ID, which has its memory and its bell in the image.
 */
static struct shmb_stream *handle_as(struct stream_image *image, uint64_t id)
{
	uint8_t found[LAYOUT_INSTANCE_SIZE];
	struct shmb_stream *stream = calloc(1, sizeof(*stream) + sizeof("stream"));
	const char *fault;

	if (!stream || !(stream->segment = calloc(1, sizeof(*stream->segment))) ||
	    !(stream->member = malloc(sizeof(*stream->member))) ||
	    stream_attach(image->memory, ROOM, &stream->view, found, &fault) < 0)
		abort();
	memcpy(stream->name, "stream", sizeof("stream"));
	stream->segment->process = process_here();
	stream->segment->attachment.data = image->memory;
	stream->segment->attachment.size = ROOM;
	stream->doorbell.page = &image->bell;
	*stream->member = cast_as(id);
	return stream;
}

static struct shmb_producer *producer_as(struct stream_image *image, uint64_t id)
{
	struct shmb_producer *opened;

	return shmb_producer_open(handle_as(image, id), &opened) == 0 ? opened : NULL;
}

static struct shmb_consumer *consumer_as(struct stream_image *image, uint64_t id)
{
	const struct shmb_consumer_options options = {.start = SHMB_START_OLDEST, .name = named};
	struct shmb_consumer *opened;

	return shmb_consumer_open(handle_as(image, id), &options, &opened) == 0 ? opened : NULL;
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

static void set_up_shape(struct stream_image *image, const struct stream_shape *shape)
{
	set_up_unformatted(image);
	if (stream_format(image->memory, ROOM, shape, instance) < 0)
		abort();
	producer = producer_as(image, image->cast.former);
	for (image->before = 0; image->before < BEFORE; image->before++)
		if (send(producer, SHMB_AT_ONCE) < 0)
			abort();
}

static void set_up(void *data)
{
	set_up_shape(data, &waiting);
	shmb_producer_close(producer);
}

/* The lane is that of one who died. */
static void set_up_orphaned(void *data)
{
	struct stream_image *image = data;

	set_up_shape(image, &waiting);
	cast_bury(image->cast.former);
}

/* The next record, which is a large one, does not fit before the end of the lane. */
static void set_up_at_the_end_of(struct stream_image *image, const struct stream_shape *shape)
{
	set_up_shape(image, shape);
	while (size_of(image->before) != LARGE ||
	       LANE - producer->position % LANE > stream_stride(producer->prefix, LARGE)) {
		if (send(producer, SHMB_AT_ONCE) < 0)
			abort();
		image->before++;
	}
	shmb_producer_close(producer);
}

static void set_up_at_the_end(void *data)
{
	set_up_at_the_end_of(data, &waiting);
}

static void set_up_at_the_end_overwriting(void *data)
{
	set_up_at_the_end_of(data, &overwriting);
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

	producer = producer_as(image, image->cast.victim);
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
	struct stream_image *image = data;

	HOLDS(stream_format(image->memory, ROOM, &waiting, instance) == 0, "it is not formatted");
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
	HOLDS(send(producer, SHMB_AT_ONCE) == 0, "it is not sent");
	return NULL;
}

static const char *send_at_once(void *data)
{
	unsigned char bytes[AT_ONCE][LARGE];
	struct iovec records[AT_ONCE];

	(void)data;
	for (unsigned i = 0; i < AT_ONCE; i++) {
		unsigned number = (unsigned)producer->count + i;

		memset(bytes[i], byte_of(number), sizeof(bytes[i]));
		records[i] = (struct iovec){bytes[i], size_of(number)};
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
	memset(bytes, byte_of(number), LARGE);
	HOLDS(shmb_producer_commit(producer, size_of(number)) == 0, "it is not sent");
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

/*
 * Survivors.
 */

/* Take what there is. The numbers go on from *NEXT, which is unknown when it is negative. */
static const char *take_whole(int64_t *next)
{
	unsigned char bytes[LARGE];
	struct shmb_record record;
	int r;

	while ((r = shmb_consumer_take(consumer, bytes, sizeof(bytes), SHMB_AT_ONCE, &record)) ==
	       0) {
		HOLDS(*next < 0 || record.number == *next, "a record is lost, or comes twice");
		HOLDS(record.lost == 0, "a record is said to be lost");
		HOLDS(record.size == size_of(record.number), "a record has another size");
		for (size_t i = 0; i < record.size; i++)
			HOLDS(bytes[i] == byte_of(record.number), "a record is torn");
		*next = record.number + INT64_C(1);
	}
	HOLDS(r == SHMB_EMPTY, "what is there cannot be taken");
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
	producer = producer_as(image, image->cast.survivor);
	HOLDS(producer, "nobody can become a producer any more");
	wrong = take_whole(&next);
	if (wrong)
		return wrong;
	if (named && next < 0)
		next = (int64_t)image->before; /* who had the name before had taken all */
	sent = next - (int64_t)image->before;
	HOLDS(sent >= 0 && sent <= (int64_t)added, "what was sent before is not there");
	HOLDS(in_parts || sent == 0 || sent == (int64_t)added, "half of it is there");
	HOLDS(!is_whole || sent == (int64_t)added, "what was sent is not there");
	for (unsigned i = 0; i < MORE && !wrong; i++) {
		HOLDS(send(producer, SHMB_AT_ONCE) == 0, "somebody is waited for who is dead");
		wrong = take_whole(&next);
	}
	HOLDS(wrong || next == (int64_t)image->before + sent + MORE, "what is sent is not there");
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
	int r = stream_attach(image->memory, ROOM, &view, found, &fault);
	int64_t next = 0;

	HOLDS(r == 0 || (r == -ESTALE && !is_whole), "half a header is taken for something");
	wrong = r < 0 ? format(image) : NULL;
	if (wrong)
		return wrong;
	consumer = consumer_as(image, image->cast.survivor);
	producer = producer_as(image, image->cast.survivor);
	HOLDS(consumer && producer, "nobody can use it");
	HOLDS(send(producer, SHMB_AT_ONCE) == 0, "nothing can be sent");
	wrong = take_whole(&next);
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
	wrong = take_whole(&next);
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
	producer = producer_as(image, image->cast.former);
	if (producer)
		(void)send(producer, SHMB_AT_ONCE);
}

/* The survivor waits for room that the victim makes, or leaves. */
static const char *sleep_for_room(void *data, bool is_whole)
{
	struct stream_image *image = data;

	(void)is_whole;
	producer = producer_as(image, image->cast.survivor);
	HOLDS(producer, "nobody can become a producer");
	for (unsigned i = 0; i < MORE && send(producer, SHMB_AT_ONCE) == 0; i++)
		;
	HOLDS(send(producer, SHMB_NO_DEADLINE) == 0, "a wait fails");
	return NULL;
}

#define ROW(what, setting, preparing, doing, burying, going_on)                                    \
	.name = "stream: " what, .size = sizeof(struct stream_image), .set_up = setting,           \
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
