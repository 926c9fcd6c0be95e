/*
 * The socket of a connection: what goes out, what comes in, and who waits for it.
 *
 * All functions are called with the connection's lock; only channel_wait() gives it up meanwhile.
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

/*
 * Wait until something has changed, at most until DEADLINE: lead or follow, one turn. The caller
 * looks whether it is what it waits for, and calls again. With UNTIL, what arrives after the answer
 * to that request may be left for the next turn.
 */
void channel_turn(struct shmb_connection *connection, const struct shmb_request *until,
		  uint64_t deadline);

/* Take over a connected socket; HELLO is to be the first request sent. Returns 0 or -errno. */
int channel_open(struct shmb_connection *connection, int take_fd);

/* The socket is gone: what can be asked again will be, the rest fails. For the leader, or when
 * there is none. */
void channel_lose(struct shmb_connection *connection);

/* Lost for good: everything fails with STATUS, now and from now on. */
void channel_fail(struct shmb_connection *connection, int status, const char *format, ...)
	attr_printf(3, 4);

/* Close the socket and forget it. */
void channel_close(struct shmb_connection *connection);

#endif
