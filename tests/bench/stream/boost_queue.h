/*
 * A peer of streams: message_queue of boost.interprocess, as C has it.
 */
#ifndef BENCH_STREAM_BOOST_QUEUE_H
#define BENCH_STREAM_BOOST_QUEUE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#else
#include <stdbool.h>
#endif

/* With a name that is gone when this returns: processes that are forked from here on have it. NULL
 * when it cannot be made. */
void *boost_queue_make(const char *name, size_t messages, size_t size);
void boost_queue_end(void *queue);

/* Sleep until there is room, or a message of SIZE bytes; false when it fails. */
bool boost_queue_send(void *queue, const void *bytes, size_t size);
bool boost_queue_take(void *queue, void *bytes, size_t size);

/* Do not: false when there is none. */
bool boost_queue_try_send(void *queue, const void *bytes, size_t size);
bool boost_queue_try_take(void *queue, void *bytes, size_t size);

#ifdef __cplusplus
}
#endif

#endif
