/*
 * Getting to the broker and becoming a member: connect, HELLO, CONFIRM; and the way back after the
 * connection was lost: HELLO as the same member, HOLD for all that is held, CONFIRM.
 *
 * All functions are called with the connection's lock.
 */
#ifndef CORE_HANDSHAKE_H
#define CORE_HANDSHAKE_H

#include <stdbool.h>
#include <stdint.h>

struct shmb_connection;

/* One attempt that does not wait, in phase LOST. After a failed one `retry_at` says when the next
 * makes sense. */
void handshake_try(struct shmb_connection *connection);

/* The same for the leader, who may wait until DEADLINE, gives up the lock for that, and may start a
 * broker for the first contact. */
void handshake_turn(struct shmb_connection *connection, uint64_t deadline);

#endif
