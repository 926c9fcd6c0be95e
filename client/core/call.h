/*
 * What the public calls are made of: a request is submitted, or performed, which is submitted and
 * waited for; its outcome is taken; it is ended. They take the lock themselves.
 */
#ifndef CORE_CALL_H
#define CORE_CALL_H

#include "core/request.h"

/*
 * For the calls that do not block: takes the request over, and frees it on failure. TIMEOUT_MS 0 is
 * the connection's. Returns 0 or -errno with a text: -EAGAIN when too many are under way.
 */
int call_submit(struct shmb_request *take_request, uint64_t timeout_ms, shmb_done_fn *done,
		void *data, struct shmb_request **ret_request);

/*
 * For the calls that block: submit and wait. Returns 0 when REQUEST is done, or timed out; else
 * -errno with a text, and REQUEST is freed.
 */
int call_perform(struct shmb_request *take_request, uint64_t timeout_ms);

/*
 * The outcome of a request that was made for OPCODE. A failed one has been ended when this returns,
 * with its text in place; a good one is the caller's to read and to end. Returns -EINPROGRESS, and
 * nothing is ended, when it is not done; -EINVAL when it was made for something else.
 */
int call_take(struct shmb_request *request, unsigned opcode);

/* Free the request; what it opened is released. */
void call_end(struct shmb_request *request);

#endif
