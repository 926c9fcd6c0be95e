/*
 * The handles of a stream, of its producers and of its consumers, for the files that are its
 * algorithms: stream_send.c, stream_room.c, stream_take.c, stream_claim.c, stream_wait.c. Where the
 * memory comes from is stream_open.c's matter, who has which lane or seat that of stream_producer.c
 * and stream_seat.c, and where a consumer is in its lanes that of stream_track.c.
 */
#ifndef FORMATS_STREAM_H
#define FORMATS_STREAM_H

#include <shmbroker/consumer.h>
#include <shmbroker/producer.h>

#include "core/barrier.h"
#include "core/doorbell.h"
#include "core/futex.h"
#include "core/member.h"
#include "core/segment.h"
#include "layout/stream_layout.h"

struct shmb_stream {
	struct stream_view view;
	struct shmb_segment *segment;
	struct doorbell doorbell;
	struct shmb_member *member; /* NULL where the memory may only be read */
	char name[];
};

/* In a queue: the record before which all are done, as far as its producer has looked. */
struct stream_done {
	uint64_t position;
	uint64_t count; /* its number */
};

struct shmb_producer {
	struct shmb_stream *stream;
	struct stream_lane *head;
	unsigned char *lane;
	uint64_t id;       /* the member that stands in the head */
	uint64_t mask;     /* of the lane's bytes */
	uint64_t most;     /* bytes of a record */
	uint64_t prefix;   /* bytes before them */
	uint64_t position; /* where the next record goes */
	uint64_t limit;    /* what is before it may be written: oldest and the lane's size */
	uint64_t clean;    /* what is before it, and not before the position, is empty */
	uint64_t count;    /* records that were committed */
	uint64_t reserved; /* bytes of a record that is reserved and not committed, with prefix */
	struct barrier_side barrier;
	_Atomic uint64_t *claims; /* of the lane of a queue; else NULL */
	uint64_t claims_mask;
	uint64_t limit_count; /* records before this one may be written: there are so many claims */
	struct stream_done done;
};

/* A lane, as a consumer goes through it. */
struct stream_track {
	_Atomic uint64_t cursor; /* written by its thread; read by one that polls, too */
	uint64_t lost;           /* records, of which the caller has not been told yet */
	uint32_t lost_all;       /* of which it has, too */
	uint32_t number;         /* of the record at the cursor */
	bool has_number;         /* else that is taken from the record */
};

/* How it follows who has no more records for it than one at a time. */
struct stream_heel {
	unsigned taken;   /* records, when it let him get ahead */
	unsigned shyness; /* times that it then does not */
	unsigned shy;     /* of which there are left */
	bool is_behind;
};

struct shmb_consumer {
	struct shmb_stream *stream;
	struct stream_seat *seat;      /* NULL for one that only looks on */
	struct stream_cursor *cursors; /* of the seat; NULL in a queue */
	uint64_t ticket;
	uint64_t id;                          /* the member that sits there */
	unsigned lane;                        /* that it goes through */
	unsigned burst;                       /* records of that lane, since it came there */
	unsigned peeked;                      /* records that were handed out and not released, */
	uint64_t ends[SHMB_STREAM_BATCH_MAX]; /* which end there */
	unsigned spins;                       /* before it sleeps */
	unsigned stirred;                     /* how often spinning was worth it */
	unsigned taken;                       /* records */
	struct stream_heel heel;
	unsigned glanced; /* the lane that was looked at last while it span */
	struct barrier_side barrier;
	bool by_time;
	uint64_t settle_ns; /* by time: records that are younger are left alone */
	uint64_t ripe_ns;   /* when one was found: when it will be old enough; else 0 */
	bool claims;        /* it takes from a queue */

	/* Of that; read by a thread that polls, too. */
	_Atomic bool has_passed;   /* records that others had, since it began anew: */
	_Atomic uint32_t returned; /* when these were so */
	_Atomic uint32_t epoch;
	struct stream_track tracks[];
};

/* Whether the memory is there: 0, or -EOWNERDEAD or -ENOTCONN with a text. */
static inline int stream_check(const struct shmb_stream *stream)
{
	return segment_data(stream->segment) ? 0 : segment_gone(stream->segment);
}

/* Not in a forked child either, which is a member of its own. */
static inline bool consumer_has_seat(const struct shmb_consumer *consumer)
{
	return !consumer->seat || (atomic_load_explicit(&consumer->seat->ticket,
							memory_order_relaxed) == consumer->ticket &&
				   atomic_load_explicit(&consumer->stream->member->id,
							memory_order_relaxed) == consumer->id);
}

static inline unsigned char *stream_lane_bytes(const struct stream_view *view, unsigned lane)
{
	return view->lanes + lane * view->lane_stride;
}

/* The header at POSITION of the lane at BYTES. */
static inline _Atomic uint64_t *stream_at(unsigned char *bytes, uint64_t mask, uint64_t position)
{
	return (_Atomic uint64_t *)(bytes + (position & mask));
}

/* What PRODUCER, or one before it, has written for a header at POSITION. */
static inline uint64_t producer_header(const struct shmb_producer *producer, uint64_t position)
{
	return atomic_load_explicit(stream_at(producer->lane, producer->mask, position),
				    memory_order_relaxed);
}

/*
 * Room for a record of STRIDE bytes in one piece at the position, which this may move. Returns 0;
 * -EAGAIN, -ETIMEDOUT or -EINTR with a text when there is none.
 */
int stream_make_room(struct shmb_producer *producer, uint64_t stride, uint64_t deadline);

/* Empty a piece of the lane from POSITION on, which is not behind the limit. False when there is no
 * room for that. */
bool stream_clean_ahead(struct shmb_producer *producer, uint64_t position);

/* What is before OLDEST may be written over from now on. */
void stream_set_oldest(struct shmb_producer *producer, uint64_t oldest);

/* Consumers have rung. */
void stream_hear(struct shmb_producer *producer);

/* Let all consumers look that sleep. */
void stream_wake_consumers(const struct stream_view *view);

/* The producer of the lane with HEAD waits for room, and may have some now. */
void stream_wake_producer(struct stream_lane *head);

/* Whether there is something to take, or to be told. */
bool stream_has_news(const struct shmb_consumer *consumer);

/* Look for a while whether there is, and then sleep; or only sleep. Returns as futex_sleep(), the
 * first with a text when it is negative. */
int stream_await(struct shmb_consumer *consumer, struct futex_patience *patience);
int stream_sleep(const struct shmb_consumer *consumer, struct futex_patience *patience);

#endif
