/*
 * The socket of a connection: what goes out, what comes in, and its loss. Who waits for it is the
 * subject of turn.h.
 *
 * All functions are called with the connection's lock; only channel_await() gives it up meanwhile.
 */
#ifndef CORE_CHANNEL_H
#define CORE_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

struct shmb_connection;
struct shmb_request;

/* Send what may be sent now, as far as the socket takes it. */
void channel_flush(struct shmb_connection *connection);

/* Take in what has arrived, without waiting; with UNTIL, only until that request is done. For the
 * leader, or when there is none. */
void channel_receive(struct shmb_connection *connection, const struct shmb_request *until);

/* Whether something may be sent now. */
bool channel_has_unsent(const struct shmb_connection *connection);

/* Sleep without the lock until a packet comes, for a slice at most, and take it in. For the leader.
 */
#define CHANNEL_SLICE_MS 500
void channel_await(struct shmb_connection *connection);

/* Take over a connected socket; HELLO is to be the first request sent. Returns 0 or -errno. */
int channel_open(struct shmb_connection *connection, int take_fd);

/* The socket is gone: what can be asked again will be, the rest fails. For the leader, or when
 * there is none. */
void channel_lose(struct shmb_connection *connection);

/* Let time pass before the next attempt to connect, each time more. */
void channel_pause(struct shmb_connection *connection);

/*
 * The broker refuses the connection with STATUS, for REASON. True when it was greeted before and
 * may try again later, and will; the socket is gone then, and the reason is kept for those whose
 * time runs out meanwhile.
 */
bool channel_turned_away(struct shmb_connection *connection, int status, const char *reason);

/* Lost for good: everything fails with STATUS, now and from now on. */
void channel_fail(struct shmb_connection *connection, int status, const char *format, ...)
	attr_printf(3, 4);

/* Close the socket and forget it. */
void channel_close(struct shmb_connection *connection);

#endif
