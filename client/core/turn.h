/*
 * Waiting: the threads of the program take turns.
 */
#ifndef CORE_TURN_H
#define CORE_TURN_H

#include <stdbool.h>
#include <stdint.h>

struct shmb_connection;
struct shmb_request;

/*
 * Wait until something has changed, at most until DEADLINE: lead or follow, one turn. The caller
 * looks whether it is what it waits for, and calls again. With UNTIL, what arrives after the answer
 * to that request may be left for the next turn. Called with the lock, which is given up meanwhile.
 */
void turn_take(struct shmb_connection *connection, const struct shmb_request *until,
	       uint64_t deadline);

/* Take turns until IS_ENOUGH says so of CONNECTION. Called with the lock. Returns 0; what the
 * connection was lost for, or -ETIMEDOUT, with a text. */
int turn_until(struct shmb_connection *connection,
	       bool (*is_enough)(const struct shmb_connection *connection), uint64_t deadline);

#endif
