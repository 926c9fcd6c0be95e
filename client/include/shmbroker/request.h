/*
 * The form of each request that does not block, for programs with an event loop.
 *
 * Every request has three calls: shmb_X() does it and waits; shmb_X_submit() sends it and returns;
 * shmb_X_finish() takes the result. Between the two the program polls shmb_connection_fd() and
 * calls shmb_dispatch(), which calls DONE when the answer is there.
 *
 *     shmb_segment_open_submit(broker, "name", &options, on_open, &state, &request);
 *     ...
 *     void on_open(struct shmb_request *request, void *data)
 *     {
 *             outcome = shmb_segment_open_finish(request, &segment);
 *     }
 *
 * The strings and structs given to a submit call are copied; they need not outlive it.
 *
 * A submit call answers at once: 0, with the request; -EINVAL for what cannot be asked; -EAGAIN
 * when 256 requests are under way on the connection (calls that wait, wait for room); or what the
 * connection was lost for. What the broker answers comes with the finish call, and -ETIMEDOUT when
 * it is silent. -EOPNOTSUPP means that it is older than this library and cannot do it.
 *
 *             | is_done  finish  cancel  dispatch
 *   is_done   |   yes      no      no      yes
 *   finish    |   no       no      no      (1)
 *   cancel    |   no       no      no      (1)
 *   dispatch  |   yes      (1)     (1)     yes
 *
 *   yes: of one request, by any threads at the same time; no: it is gone after that; (1) within the
 *   request's callback, or after it. Different requests have nothing to do with each other.
 *
 * Progress. None of the calls here waits for anything but a moment in which another thread takes in
 * an answer.
 */
#ifndef SHMBROKER_REQUEST_H
#define SHMBROKER_REQUEST_H

#include <stdbool.h>

#include <shmbroker/export.h>

SHMB_BEGIN_DECLS

struct shmb_request;

/*
 * Called by shmb_dispatch(), on its thread and without any lock held, once for each request that
 * was submitted with it. It usually finishes the request; if it does not, somebody has to later.
 * Until it has been called, only the dispatching thread may finish or cancel the request.
 *
 * Where several threads dispatch one connection, give each request a callback: a thread that only
 * polls for an answer may sleep through the moment in which another took it in.
 */
typedef void shmb_done_fn(struct shmb_request *request, void *data);

/* True when the result is there and the finish call will not answer -EINPROGRESS. */
SHMB_EXPORT bool shmb_request_is_done(const struct shmb_request *request);

/*
 * Forget a request, done or not; NULL is ignored. Its answer is dropped when it comes, and an
 * object that it opened is released.
 *
 * Every finish call frees its request like this too, save when it answers -EINPROGRESS, -EINVAL for
 * a request of another kind, or -EOWNERDEAD. In a forked child requests are freed with their
 * connection, by shmb_disconnect().
 */
SHMB_EXPORT void shmb_request_cancel(struct shmb_request *request);

SHMB_END_DECLS

#endif
