/*
 * shmbroker: shared memory between unrelated processes, brokered by shmbrokerd.
 *
 * This header brings in all others, but for memcached.h, which takes the place of another
 * library's. A first program:
 *
 *     struct shmb_connection *broker;
 *     struct shmb_segment *segment;
 *     struct shmb_segment_options options = {.size = 4096, .flags = SHMB_CREATE};
 *
 *     if (shmb_connect(NULL, &broker) < 0 ||
 *         (outcome = shmb_segment_open(broker, "demo/counter", &options, &segment)) < 0)
 *             errx(1, "%s", shmb_last_error());
 *     if (outcome == SHMB_INITIALISE)
 *             shmb_segment_ready(segment);
 *     atomic_fetch_add((_Atomic uint64_t *)shmb_segment_data(segment), 1);
 *
 * Results. Every call that can fail returns an int: 0 done; negative is -errno; positive is an
 * outcome that the caller handles (enum shmb_outcome). Values come back through ret_ parameters,
 * which are untouched on failure. shmb_last_error() says in a sentence what happened. What every
 * call that asks the broker can answer, whether or not it is listed there: -ENOMEM; -ETIMEDOUT when
 * the broker does not answer, or does not take a lost connection back, in time; -ESTALE, -EPROTO
 * and the like, from then on, when the connection is lost for good, see shmb_dispatch().
 *
 * Threads. Any number of threads may use one connection and the handles opened through it, save
 * that ending a handle (detach, close, finish) must not run together with another call on that
 * same handle, and shmb_disconnect() with no other call on the connection or on what was opened
 * through it. A thread that waits within a call cannot be cancelled there (pthread_cancel(3)).
 *
 * Processes. After fork(2) a connection and its handles belong to the parent. In the child every
 * call on them answers -EOWNERDEAD without touching the parent's, shmb_segment_data() is NULL, the
 * memory is not mapped, and ending them frees the child's copy alone; the child connects anew, or
 * calls shmb_rejoin(), by which it keeps segments that were opened for that (SHMB_INHERIT).
 * Descriptors and mappings do not survive execve(2).
 */
#ifndef SHMBROKER_SHMBROKER_H
#define SHMBROKER_SHMBROKER_H

#include <shmbroker/cache.h>
#include <shmbroker/cache_fill.h>
#include <shmbroker/connection.h>
#include <shmbroker/consumer.h>
#include <shmbroker/deadline.h>
#include <shmbroker/error.h>
#include <shmbroker/event.h>
#include <shmbroker/fifo.h>
#include <shmbroker/lock.h>
#include <shmbroker/member.h>
#include <shmbroker/object.h>
#include <shmbroker/permission.h>
#include <shmbroker/poll.h>
#include <shmbroker/producer.h>
#include <shmbroker/request.h>
#include <shmbroker/segment.h>
#include <shmbroker/state.h>
#include <shmbroker/stream.h>
#include <shmbroker/vars.h>
#include <shmbroker/watch.h>

#endif
