/*
 * Waits as descriptors, for programs that sit in an event loop (poll(2), epoll(7), libevent).
 *
 * Waiting in shared memory is not waiting for a descriptor, and no kernel call does both. So a
 * thread of the library waits in the program's place and makes a descriptor readable. There is one
 * for each of these, and none where they are not asked for.
 *
 *     struct shmb_poll *poll;
 *     uint64_t seen = 0;
 *
 *     shmb_state_poll(state, seen, &poll);
 *     add shmb_poll_fd(poll) to the loop, and each time when it is readable:
 *             shmb_state_read(state, &value, sizeof(value), &seen, NULL);
 *             shmb_poll_again(poll, seen);
 *
 *              | fd   again  end
 *   fd, again  | yes  yes    no
 *   end        | no   no     no
 *
 *   yes: by any threads at the same time.
 *
 * Progress. None of these calls waits for another process. The descriptor becomes readable as soon
 * as shmb_state_wait() or shmb_consumer_take() would return, and at the latest 250 ms after a
 * wake-up that a hostile peer has kept from it.
 */
#ifndef SHMBROKER_POLL_H
#define SHMBROKER_POLL_H

#include <stdint.h>

#include <shmbroker/consumer.h>
#include <shmbroker/export.h>
#include <shmbroker/state.h>

SHMB_BEGIN_DECLS

struct shmb_poll;

/*
 * Begin to wait for a version of STATE other than VERSION. It is the caller's, to be ended by
 * shmb_poll_end() before the state is closed and before shmb_disconnect(): it counts as a call on
 * both that is under way.
 *
 * Returns 0; -EMFILE, -EAGAIN or -ENOMEM when no descriptor, thread or memory can be had;
 * -EOWNERDEAD in a forked child; -ENOTCONN when the connection of the state has been ended.
 *
 * Threads: safe. Since 0.1.
 */
SHMB_EXPORT int shmb_state_poll(struct shmb_state *state, uint64_t version,
				struct shmb_poll **ret_poll);

/*
 * Begin to wait for records for CONSUMER, or for the loss of its seat, as shmb_state_poll(). To
 * shmb_poll_again() goes 0. It is readable again at once while there is something to take, and may
 * be so when another of a queue has taken it: so take with SHMB_AT_ONCE until it is SHMB_EMPTY.
 *
 * Returns as that; -EINVAL for a consumer that lets records settle.
 */
SHMB_EXPORT int shmb_consumer_poll(struct shmb_consumer *consumer, struct shmb_poll **ret_poll);

/*
 * The descriptor that polls readable when what is waited for is there. It stays so until
 * shmb_poll_again(). It is the same until the end and belongs to the library: never read, write or
 * close it.
 */
SHMB_EXPORT int shmb_poll_fd(const struct shmb_poll *poll);

/* Wait again, for what is other than VALUE: of a state, the version that was seen last. Returns 0,
 * or -EOWNERDEAD in a forked child. */
SHMB_EXPORT int shmb_poll_again(struct shmb_poll *poll, uint64_t value);

/* End it; NULL is ignored. Waits for the thread, which is a matter of milliseconds. In a forked
 * child, which does not have the thread, this frees the child's copy. */
SHMB_EXPORT void shmb_poll_end(struct shmb_poll *poll);

SHMB_END_DECLS

#endif
