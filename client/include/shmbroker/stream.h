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
#include <sys/uio.h>

#include <shmbroker/connection.h>
#include <shmbroker/deadline.h>
#include <shmbroker/segment.h>

SHMB_BEGIN_DECLS

struct shmb_stream;
struct shmb_producer;
struct shmb_consumer;

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
 * header makes no sense.
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

/*
 * Take a lane to produce into: a free one, or one whose producer has died; what that one had sent
 * stays in it and comes first. The producer is the caller's, to be ended by shmb_producer_close().
 *
 * Returns 0; -EBUSY when all lanes have producers that live; -EPERM when the stream is open to be
 * read only; -EOWNERDEAD in a forked child and -ENOTCONN after shmb_disconnect(), as all calls
 * here.
 *
 * Threads: safe. Since 0.1.
 */
SHMB_EXPORT int shmb_producer_open(struct shmb_stream *stream, struct shmb_producer **ret_producer);

/* Give the lane back, with what is in it, and free; NULL is ignored. A record that was reserved and
 * not committed is none. */
SHMB_EXPORT void shmb_producer_close(struct shmb_producer *producer);

/*
 * Send a record of SIZE bytes, 0 also, waiting until DEADLINE for room where the stream waits.
 *
 * Returns 0; -EFBIG when it is more than a record may have; -EAGAIN when the lane is full and the
 * stream refuses then; -ETIMEDOUT when there was no room until the deadline; -EINTR when a signal
 * handler ran that was installed without SA_RESTART; -ENOLCK when this producer was taken for dead
 * and another has its lane.
 */
SHMB_EXPORT int shmb_producer_send(struct shmb_producer *producer, const void *data, size_t size,
				   uint64_t deadline);

/* The same for N records at once, which costs less for each. *RET_SENT (NULL: not wanted) is how
 * many were sent, the first ones: all, unless it fails. */
SHMB_EXPORT int shmb_producer_send_all(struct shmb_producer *producer, const struct iovec *records,
				       unsigned n, uint64_t deadline, unsigned *ret_sent);

/*
 * Room for a record of at most SIZE bytes at *RET_DATA, which is aligned to 8, to be filled and
 * then committed. Nobody sees it before. Whatever is reserved, or sent, next takes its place.
 * Returns as shmb_producer_send().
 */
SHMB_EXPORT int shmb_producer_reserve(struct shmb_producer *producer, size_t size,
				      uint64_t deadline, void **ret_data);

/* Send the first SIZE bytes of what is reserved. Returns 0; -EINVAL when nothing is; -EFBIG when
 * that was less. */
SHMB_EXPORT int shmb_producer_commit(struct shmb_producer *producer, size_t size);

/* Where a consumer begins; a queue has one beginning for all. */
enum shmb_start {
	SHMB_START_NOW = 0,    /* with what is sent from now on */
	SHMB_START_OLDEST = 1, /* with the oldest records that are kept */
};

/* Zeroed is the default for every member. */
struct shmb_consumer_options {
	enum shmb_start start;
	bool looks_on; /* hold nobody back, and take no place: be lapped instead; in a queue also
			  see, and not take, what is others' */

	/* A name, of 1 to 31 bytes, by which a later consumer goes on where this one stopped. It is
	 * waited for while it is away, for so long; then it is lapped, and told what it lost. In a
	 * queue it is a name only. */
	const char *name;
	uint32_t retain_ms;
};

/*
 * Become a consumer. Producers of a stream that waits, or refuses, do not write over what this one
 * has not released, as long as it lives. The consumer is the caller's, to be ended by
 * shmb_consumer_close().
 *
 * With a name that is known, START does not matter: it goes on with the first record that the last
 * one did not release. A name is known until shmb_stream_evict(), or until a consumer wants a place
 * when there is no other, and whoever had it is not waited for any more.
 *
 * Returns 0; -EBUSY when there are as many consumers as can be, or one of that name lives; -EINVAL
 * for options that mean nothing; -EPERM when the stream is open to
 * be read only and this is not to look on; -ETIMEDOUT after a second in which somebody who is
 * stopped was about to become one.
 *
 * Threads: safe. Since 0.1.
 */
SHMB_EXPORT int shmb_consumer_open(struct shmb_stream *stream,
				   const struct shmb_consumer_options *options,
				   struct shmb_consumer **ret_consumer);

/* Leave, and free; NULL is ignored. With a name it is away from now on, without one it holds nobody
 * back any more. */
SHMB_EXPORT void shmb_consumer_close(struct shmb_consumer *consumer);

struct shmb_record {
	const void *data; /* peeked: in shared memory; taken: the caller's buffer */
	size_t size;
	uint32_t lane;
	uint32_t number;  /* in its lane, counted from 0, and from 0 again after 2^32 */
	bool again;       /* of a queue: another had it before, and did not release it */
	uint64_t lost;    /* records of this lane, right before this one, that this consumer lost */
	uint64_t time_ns; /* when it was sent, on CLOCK_MONOTONIC; 0 where the stream has none */
};

#define SHMB_STREAM_BATCH_MAX 64u

/*
 * Take the next record: its bytes are in BUFFER of SIZE bytes, and what it is in *RET_RECORD (NULL:
 * not wanted). Waits until DEADLINE for one (SHMB_AT_ONCE: not at all). Of a queue it is taken for
 * good when this returns; who wants it to go to another if he dies before he is done with it peeks.
 *
 * Returns 0; SHMB_EMPTY when there is none, and there was no waiting; -ETIMEDOUT when none came
 * until the deadline; -EMSGSIZE, with *RET_RECORD, when SIZE is too small, and then it is still the
 * next; -EAGAIN when producers overwrite faster than this consumer reads; -EBADMSG when what stands
 * in a lane makes no sense: then that lane's records are lost up to where its producer writes, and
 * it goes on behind; -EINTR when a signal handler ran that was installed without SA_RESTART;
 * -ECANCELED when the seat was lost.
 */
SHMB_EXPORT int shmb_consumer_take(struct shmb_consumer *consumer, void *buffer, size_t size,
				   uint64_t deadline, struct shmb_record *ret_record);

/*
 * Look at up to N records (64 at most) where they are, without copying: all that one lane has, and
 * how many is in *RET_N. They stay until they are released, unless they are overwritten, which
 * shmb_consumer_release() says: so do not trust what was read before: not as an index, not as a
 * length. Of a queue they are claimed, and nobody else has them meanwhile. Returns as
 * shmb_consumer_take().
 */
SHMB_EXPORT int shmb_consumer_peek(struct shmb_consumer *consumer, struct shmb_record *records,
				   unsigned n, uint64_t deadline, unsigned *ret_n);

/*
 * The first N of the peeked records were used: let them be written over.
 *
 * Returns 0; SHMB_GONE when some of them were overwritten meanwhile: what was read is to be thrown
 * away; -EINVAL when fewer are peeked, or none; -ECANCELED when the seat was lost: of a queue they
 * are others' then.
 */
SHMB_EXPORT int shmb_consumer_release(struct shmb_consumer *consumer, unsigned n);

/* What there is to be seen of a consumer, from outside and at a moment. */
struct shmb_seat_facts {
	uint64_t ticket; /* for shmb_stream_evict(); never given out again */
	char name[32];   /* "" for none */
	bool is_here;    /* it lives, and has not been closed */
	uint64_t behind; /* bytes of all lanes that it has not released, with what goes with them;
			    0 in a queue */
	uint64_t held;   /* records of a queue that it has claimed and not released */
	uint64_t lost;   /* records */
};

/* Of a lane. */
struct shmb_lane_facts {
	bool has_producer; /* which lives */
	bool is_full;      /* the producer waits for room */
	uint64_t sent;     /* records, since the stream was made */
	uint64_t kept;     /* bytes that are not to be written over, with what goes with them */
};

/* What is at the seat SEAT, of which there are as many as consumers that there can be; and at LANE.
 * Returns 0; SHMB_EMPTY when nobody sits there; -EINVAL when there is no such seat or lane. */
SHMB_EXPORT int shmb_stream_seat(const struct shmb_stream *stream, unsigned seat,
				 struct shmb_seat_facts *ret_facts);
SHMB_EXPORT int shmb_stream_lane(const struct shmb_stream *stream, unsigned lane,
				 struct shmb_lane_facts *ret_facts);

/*
 * Send the consumer with TICKET away, also when it is slow or stopped and others wait for it: it
 * holds nobody back any more, its name is not known any more, and its next call says -ECANCELED.
 * Returns 0; -ENOENT when there is none; -EPERM when the stream is open to be read only.
 */
SHMB_EXPORT int shmb_stream_evict(struct shmb_stream *stream, uint64_t ticket);

SHMB_END_DECLS

#endif
