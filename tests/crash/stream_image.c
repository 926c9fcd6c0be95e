#include "stream_image.h"

#include <stdlib.h>
#include <string.h>

#include <shmbroker/error.h>

#include "core/process.h"
#include "operation.h"

#define SMALL  20
#define BEFORE 4 /* records that are sent before anybody dies */

static const uint8_t instance[LAYOUT_INSTANCE_SIZE];

size_t record_size(unsigned number)
{
	return number % 3 == 2 ? STREAM_IMAGE_LARGE : SMALL;
}

unsigned char record_byte(unsigned number)
{
	return (unsigned char)(number * 37 + 1);
}

int stream_image_send(struct shmb_producer *producer, uint64_t deadline)
{
	unsigned char bytes[STREAM_IMAGE_LARGE];
	unsigned number = (unsigned)producer->count;

	memset(bytes, record_byte(number), sizeof(bytes));
	return shmb_producer_send(producer, bytes, record_size(number), deadline);
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
	    stream_attach(image->memory, sizeof(image->memory), &stream->view, found, &fault) < 0)
		abort();
	memcpy(stream->name, "stream", sizeof("stream"));
	stream->segment->process = process_here();
	stream->segment->attachment.data = image->memory;
	stream->segment->attachment.size = sizeof(image->memory);
	stream->doorbell.page = &image->bell;
	*stream->member = cast_as(id);
	return stream;
}

struct shmb_producer *stream_image_producer(struct stream_image *image, uint64_t id)
{
	struct shmb_producer *opened;

	return shmb_producer_open(handle_as(image, id), &opened) == 0 ? opened : NULL;
}

struct shmb_consumer *stream_image_consumer(struct stream_image *image, uint64_t id,
					    const char *name)
{
	const struct shmb_consumer_options options = {.start = SHMB_START_OLDEST, .name = name};
	struct shmb_consumer *opened;

	return shmb_consumer_open(handle_as(image, id), &options, &opened) == 0 ? opened : NULL;
}

struct shmb_producer *stream_image_set_up(struct stream_image *image, unsigned flags)
{
	const struct stream_shape shape = {.lane_size = STREAM_IMAGE_LANE,
					   .n_lanes = 1,
					   .n_seats = flags & STREAM_QUEUE ? 2 : 1,
					   .flags = flags};
	struct shmb_producer *producer;

	image->cast = cast_renew();
	if (stream_format(image->memory, sizeof(image->memory), &shape, instance) < 0)
		abort();
	producer = stream_image_producer(image, image->cast.former);
	for (image->before = 0; image->before < BEFORE; image->before++)
		if (stream_image_send(producer, SHMB_AT_ONCE) < 0)
			abort();
	return producer;
}

const char *stream_image_take_whole(struct shmb_consumer *consumer, int64_t *next)
{
	unsigned char bytes[STREAM_IMAGE_LARGE];
	struct shmb_record record;
	int r;

	while ((r = shmb_consumer_take(consumer, bytes, sizeof(bytes), SHMB_AT_ONCE, &record)) ==
	       0) {
		HOLDS(*next < 0 || record.number == *next, "a record is lost, or comes twice");
		HOLDS(record.lost == 0, "a record is said to be lost");
		HOLDS(record.size == record_size(record.number), "a record has another size");
		for (size_t i = 0; i < record.size; i++)
			HOLDS(bytes[i] == record_byte(record.number), "a record is torn");
		*next = record.number + INT64_C(1);
	}
	HOLDS(r == SHMB_EMPTY, "what is there cannot be taken");
	return NULL;
}
