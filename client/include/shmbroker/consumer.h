/*
 * Consumers: taking records from a stream (shmbroker/stream.h, which says what may be done at the
 * same time). As a descriptor for an event loop: shmbroker/poll.h.
 *
 * All calls can also return -EOWNERDEAD in a forked child and -ENOTCONN after shmb_disconnect().
 * Who calls them again and again with SHMB_AT_ONCE lets the processor pause in between: it takes
 * the line from a producer into which he writes.
 *
 * Threads: one at a time uses a consumer; shmb_consumer_open() is safe. Since 0.1.
 */
#ifndef SHMBROKER_CONSUMER_H
#define SHMBROKER_CONSUMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <shmbroker/deadline.h>
#include <shmbroker/stream.h>

SHMB_BEGIN_DECLS

struct shmb_consumer;

/* Where a consumer begins; a queue has one beginning for all. */
enum shmb_start {
	SHMB_START_NOW = 0,    /* with what is sent from now on */
	SHMB_START_OLDEST = 1, /* with the oldest records that are kept */
	SHMB_START_AT = 2,     /* at `positions` */
};

/* Where a consumer is in a lane. */
struct shmb_position {
	uint64_t offset;
	uint32_t number; /* of the record there */
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

	/* For SHMB_START_AT: one for each lane, as shmb_consumer_tell() has had them from the same
	 * stream. What has been written over since is lost, and told. */
	const struct shmb_position *positions;

	/* Take first, of the next records of all lanes, what was sent first. One that is younger
	 * than settle_us is left alone meanwhile, so that those of producers who were interrupted
	 * between the time and sending come before it: later ones come out of turn. Only for
	 * streams with times, and not for taking from queues. */
	bool by_time;
	uint32_t settle_us;
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
 * stopped was about to become one; -ENOMEM.
 *
 * Threads: safe. Since 0.1.
 */
SHMB_EXPORT int shmb_consumer_open(struct shmb_stream *stream,
				   const struct shmb_consumer_options *options,
				   struct shmb_consumer **ret_consumer);

/* Leave, and free; NULL is ignored. With a name it is away from now on, without one it holds nobody
 * back any more. */
SHMB_EXPORT void shmb_consumer_close(struct shmb_consumer *consumer);

/*
 * Where CONSUMER goes on, in all lanes: for SHMB_START_AT. N is how many there is room for. What
 * was lost before that, and not told yet, its own next record tells, and not that of who begins
 * there.
 *
 * Returns 0; -EINVAL when N is less than there are lanes, or for one that takes from a queue.
 */
SHMB_EXPORT int shmb_consumer_tell(struct shmb_consumer *consumer, struct shmb_position *positions,
				   unsigned n);

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
 * next, and in a queue nobody else's; -EAGAIN when producers overwrite faster than this consumer
 * reads; -EBADMSG when what stands in a lane makes no sense: then that lane's records are lost up
 * to where its producer writes, and it goes on behind; -EINTR when a signal handler ran that was
 * installed without SA_RESTART; -ECANCELED when the seat was lost.
 */
SHMB_EXPORT int shmb_consumer_take(struct shmb_consumer *consumer, void *buffer, size_t size,
				   uint64_t deadline, struct shmb_record *ret_record);

/*
 * Look at up to N records (64 at most; by time: 1) where they are, without copying: all that one
 * lane has, and how many is in *RET_N. They stay until they are released, unless they are
 * overwritten, which shmb_consumer_release() says: so do not trust what was read before: not as an
 * index, not as a length. Of a queue they are claimed, and nobody else has them meanwhile. What is
 * not released comes again with the next peek, or take. With N of 0 this says whether there is
 * something, of which a queue's first one is then claimed. Returns as shmb_consumer_take().
 */
SHMB_EXPORT int shmb_consumer_peek(struct shmb_consumer *consumer, struct shmb_record *records,
				   unsigned n, uint64_t deadline, unsigned *ret_n);

/*
 * The first N of the peeked records were used: let them be written over. Others than the first
 * cannot be released before these.
 *
 * Returns 0; SHMB_GONE when some of them were overwritten meanwhile: what was read is to be thrown
 * away, and is in no count of lost ones but the caller's; -EINVAL when fewer are peeked, or none;
 * -ECANCELED when the seat was lost: of a queue they are others' then.
 */
SHMB_EXPORT int shmb_consumer_release(struct shmb_consumer *consumer, unsigned n);

SHMB_END_DECLS

#endif
