/*
 * A stream in an image, of one lane and one seat, so that whoever goes on has to take over what the
 * victim had. Each record has a size and bytes that follow from its number, so that a torn or lost
 * one shows.
 */
#ifndef CRASH_STREAM_IMAGE_H
#define CRASH_STREAM_IMAGE_H

#include <stdatomic.h>
#include <stdint.h>

#include "cast.h"
#include "formats/stream.h"

#define STREAM_IMAGE_LANE  4096
#define STREAM_IMAGE_LARGE 300 /* bytes: copied by a call; the small ones by a few moves */
#define STREAM_IMAGE_MORE                                                                          \
	60 /* records that whoever goes on sends, several times round the lane                     \
	    */

struct stream_image {
	_Alignas(128) unsigned char memory[8192];
	struct doorbell_page bell;
	struct cast cast;
	unsigned before;        /* records that there were before the victim began */
	_Atomic unsigned taken; /* that the victim may be done with */
	unsigned lost;          /* that it cannot have any more */
};

size_t record_size(unsigned number);
unsigned char record_byte(unsigned number);

/* Send the next one, whole, at once, or until DEADLINE. */
int stream_image_send(struct shmb_producer *producer, uint64_t deadline);

/* In the engine: lay out the stream with a producer that has sent a few. */
struct shmb_producer *stream_image_set_up(struct stream_image *image, unsigned flags);

/* The calling process as the member ID, which has become that; NULL when it cannot. */
struct shmb_producer *stream_image_producer(struct stream_image *image, uint64_t id);
struct shmb_consumer *stream_image_consumer(struct stream_image *image, uint64_t id,
					    const char *name);

/* Take what there is. The numbers go on from *NEXT, which is unknown when it is negative. Returns
 * NULL, or what is wrong. */
const char *stream_image_take_whole(struct shmb_consumer *consumer, int64_t *next);

#endif
