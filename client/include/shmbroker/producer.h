/*
 * Producers: sending records into a stream (shmbroker/stream.h, which says what may be done at the
 * same time).
 *
 * All calls can also return -EOWNERDEAD in a forked child and -ENOTCONN after shmb_disconnect().
 *
 * Threads: one at a time uses a producer; shmb_producer_open() is safe. Since 0.1.
 */
#ifndef SHMBROKER_PRODUCER_H
#define SHMBROKER_PRODUCER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <shmbroker/deadline.h>
#include <shmbroker/stream.h>

SHMB_BEGIN_DECLS

struct shmb_producer;

/*
 * Take a lane to produce into: a free one, or one whose producer has died; what that one had sent
 * stays in it and comes first. The producer is the caller's, to be ended by shmb_producer_close().
 *
 * Returns 0; -EBUSY when all lanes have producers that live, or those of the dead are not yet known
 * to be free, which the broker tells within milliseconds; -EPERM when the stream is open to be read
 * only; -ENOMEM.
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

SHMB_END_DECLS

#endif
