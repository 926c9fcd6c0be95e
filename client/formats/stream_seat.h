/*
 * The seats of a stream, on which those consumers sit that producers wait for.
 */
#ifndef FORMATS_STREAM_SEAT_H
#define FORMATS_STREAM_SEAT_H

#include "formats/stream.h"

/* Take a seat for CONSUMER, which has a stream and no seat, and options that are in order. Returns
 * 0 or -errno with a text. */
int seat_take(struct shmb_consumer *consumer, const struct shmb_consumer_options *options);

/* Give it back; nothing when it was lost before. */
void seat_leave(struct shmb_consumer *consumer);

/* Whether somebody sits there who is here and lives. */
bool seat_is_used(const struct shmb_stream *stream, const struct stream_seat *seat);

/* Whether producers wait for whoever has SEAT, which somebody has: while he is here, and for a time
 * after that. */
bool seat_holds_back(const struct shmb_stream *stream, struct stream_seat *seat);

void seat_name(const struct stream_seat *seat, char name[static STREAM_NAME_SIZE]);

#endif
