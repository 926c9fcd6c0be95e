/*
 * A stream without a broker, in memory that forked children share, and handles on it as opening
 * makes them: to look on through a mapping that is read-only, or as a member of a roster of the
 * test's own.
 */
#ifndef UNIT_STREAM_MEMORY_H
#define UNIT_STREAM_MEMORY_H

#include "formats/stream.h"
#include "support/fake_member.h"
#include "twin_memory.h"

struct stream_memory {
	struct twin_memory twin;
	struct fake_roster roster;
	struct stream_view view; /* for looking behind the scenes */
};

/* Fails the test when there is no memory. */
void stream_memory_start(struct stream_memory *memory, const struct stream_shape *shape);
void stream_memory_stop(struct stream_memory *memory);

/* A handle of the calling process, as a new member, or to look on. */
struct shmb_stream *stream_memory_join(struct stream_memory *memory);
struct shmb_stream *stream_memory_look(struct stream_memory *memory);

/* A producer, and a consumer with OPTIONS (NULL: none), of a handle that can have them. */
struct shmb_producer *stream_memory_producer(struct shmb_stream *stream);
struct shmb_consumer *stream_memory_consumer(struct shmb_stream *stream,
					     const struct shmb_consumer_options *options);

/* A handle is closed; its member lives on until it is buried. */
void stream_memory_close(struct shmb_stream *stream);

/* The process of STREAM is gone, as far as the roster knows, with all its producers and consumers,
 * of which none is of use any more. */
void stream_memory_bury(struct stream_memory *memory, const struct shmb_stream *stream);

#endif
