/*
 * Streams: records from many producers to many consumers. In a broadcast each consumer sees all of
 * them; in a queue each record is for one consumer.
 *
 * Each producer has a lane of its own, so that producers do not wait for each other and one that is
 * killed half way blocks nobody: what it was writing is then lost, and nothing else. Records have
 * any size up to a bit less than half a lane, and come in the order of their producer.
 *
 * A lane that is full makes its producer wait, refuses the record, or gives up its oldest ones:
 * then each consumer that had not seen them is told how many they were. It stays full until a
 * sixteenth of it has been released, or all.
 *
 * A queue keeps a record until a consumer has released it. When one leaves, dies or is evicted,
 * what it has claimed and not released goes to the others: so each record comes exactly once as
 * long as nobody dies, and else at least once, and `again` says which may have come before. A
 * queue's lane holds no more than lane_size / 64 records.
 *
 *                  | open  send, reserve, commit  take, peek, release  info
 *   open           | yes            yes                   yes           yes
 *   send, ...      | yes        by another            yes              yes
 *   take, ...      | yes            yes            by another          yes
 *
 *   yes: by any threads of any processes at the same time; by another: through another producer or
 *   consumer, of which one thread uses each at a time.
 *
 * Progress. Sending and taking are a few instructions and a copy, without a system call where
 * nobody waits. Who waits sleeps, looks again after 10 ms, then after twice as long each time, up
 * to 250 ms, and ends at its deadline. A broadcast without a consumer never fills: it keeps the
 * last records, up to a lane of each producer.
 *
 * Hostile peers. What a peer that may write puts into the memory gives an error, a loss that is
 * told, or a wrong record, never a fault here. Records have no checksum: who may write may write
 * anything.
 */
#ifndef SHMBROKER_STREAM_H
#define SHMBROKER_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <shmbroker/connection.h>
#include <shmbroker/segment.h>

SHMB_BEGIN_DECLS

struct shmb_stream;

/* The layout tag of the segments that are streams. */
#define SHMB_STREAM_LAYOUT "shmbroker.stream.1"

#define SHMB_STREAM_LANE_DEFAULT      (UINT64_C(1) << 18)
#define SHMB_STREAM_LANE_MIN          (UINT64_C(1) << 12)
#define SHMB_STREAM_LANE_MAX          (UINT64_C(1) << 30)
#define SHMB_STREAM_LANES_DEFAULT     16u
#define SHMB_STREAM_LANES_MAX         1024u
#define SHMB_STREAM_CONSUMERS_DEFAULT 16u
#define SHMB_STREAM_CONSUMERS_MAX     256u

/* What becomes of a record for which its lane has no room. */
enum shmb_full {
	SHMB_FULL_WAIT = 0,      /* the producer waits until its deadline */
	SHMB_FULL_REFUSE = 1,    /* -EAGAIN */
	SHMB_FULL_OVERWRITE = 2, /* the oldest records give way, and consumers are told */
};

/* Whom a record is for. */
enum shmb_delivery {
	SHMB_BROADCAST = 0, /* all consumers */
	SHMB_QUEUE = 1,     /* one of them; a queue does not overwrite */
};

/* Zeroed is the default for every member. */
struct shmb_stream_options {
	struct shmb_segment_options segment; /* as for shmb_segment_open(), but size and layout,
						which follow from the rest and have to be 0 */
	uint64_t lane_size; /* bytes, rounded up to a power of two; 0: the default */
	uint32_t lanes;     /* producers that there can be at a time; 0: the default */
	uint32_t consumers; /* that there can be at a time; 0: the default */
	enum shmb_full full;
	enum shmb_delivery delivery;
	bool times; /* records say when they were sent; 8 bytes and 20 to 30 ns each */
};

/*
 * Open the stream NAME, or create it. With SHMB_READ in the segment's flags the memory is mapped
 * read-only, which is enough to look on; OPTIONS may be NULL, which is that and nothing else. The
 * stream is the caller's, to be ended by shmb_stream_close() after its producers and consumers, and
 * before that of no use any more after shmb_disconnect().
 *
 * Lanes, their size, consumers, `full`, `delivery` and `times` are those of who creates it: who
 * finds one gets it as it is, and shmb_stream_info() says how. A lane_size is the least that will
 * do.
 *
 * Returns 0; what shmb_segment_open() says; -ESTALE when NAME is no stream, one of another layout,
 * or, unless it is to be read only, one from the time of another roster of the broker; -EINVAL for
 * options that mean nothing; -EFBIG when its lanes are smaller than lane_size; -EBADMSG when its
 * header makes no sense; -ENOMEM.
 *
 * Threads: safe. Since 0.1.
 */
SHMB_EXPORT int shmb_stream_open(struct shmb_connection *connection, const char *name,
				 const struct shmb_stream_options *options,
				 struct shmb_stream **ret_stream);

/* Detach and free; NULL is ignored. Never blocks and never fails. */
SHMB_EXPORT void shmb_stream_close(struct shmb_stream *stream);

/* Facts that do not change. */
struct shmb_stream_facts {
	uint64_t lane_size;
	uint64_t record_size; /* of the largest record */
	uint32_t lanes;
	uint32_t consumers;
	enum shmb_full full;
	enum shmb_delivery delivery;
	bool times;
	bool writes; /* this handle can have producers, and consumers that hold them back */
	struct shmb_segment_facts segment;
};

SHMB_EXPORT void shmb_stream_info(const struct shmb_stream *stream,
				  struct shmb_stream_facts *ret_info);

/* What there is to be seen of a consumer, from outside and at a moment. */
struct shmb_seat_facts {
	uint64_t ticket; /* for shmb_stream_evict(); never given out again */
	uint64_t member; /* that it is, as shmb_who() has it */
	char name[32];   /* "" for none; a hostile peer can have put any bytes there */
	bool is_here;    /* it lives, and has not been closed */
	uint64_t behind; /* bytes of all lanes that it has not released, with what goes with them;
			    0 in a queue */
	uint64_t held;   /* records of a queue that it has claimed and not released */
	uint64_t lost;   /* records; of each lane modulo 2^32 */
};

/* Of a lane. */
struct shmb_lane_facts {
	bool has_producer; /* which lives */
	bool is_full;      /* the producer waits for room */
	int held_up_by;    /* the seat of who is furthest behind of those that are waited for, -1
			      for none */
	uint64_t member;   /* that the producer is; 0 for none */
	uint64_t sent;     /* records, since the stream was made */
	uint64_t kept;     /* bytes that are not to be written over, with what goes with them */
};

/*
 * What is at the seat SEAT, of which there are as many as consumers that there can be; and at LANE.
 * In a queue this looks at the claims of all records that are kept.
 *
 * Returns 0; SHMB_EMPTY when nobody sits there; -EINVAL when there is no such seat or lane;
 * -EOWNERDEAD in a forked child and -ENOTCONN after shmb_disconnect().
 *
 * Threads: safe. Since 0.1.
 */
SHMB_EXPORT int shmb_stream_seat(const struct shmb_stream *stream, unsigned seat,
				 struct shmb_seat_facts *ret_facts);
SHMB_EXPORT int shmb_stream_lane(const struct shmb_stream *stream, unsigned lane,
				 struct shmb_lane_facts *ret_facts);

/*
 * Send the consumer with TICKET away, also when it is slow or stopped and others wait for it: it
 * holds nobody back any more, its name is not known any more, and its next call says -ECANCELED.
 * Returns 0; -ENOENT when there is none; -EPERM when the stream is open to be read only;
 * -EOWNERDEAD in a forked child and -ENOTCONN after shmb_disconnect().
 *
 * Threads: safe. Since 0.1.
 */
SHMB_EXPORT int shmb_stream_evict(struct shmb_stream *stream, uint64_t ticket);

SHMB_END_DECLS

#endif
