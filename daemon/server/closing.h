/*
 * Closing the sockets of connections that are over, when that may take as long as a client likes
 * (rights.h): a thread does it, and the loop goes on.
 *
 * What bounds it: a user has one thread, which closes one of his sockets after the other, so he
 * waits for himself alone; there are CLOSING_THREADS_MAX of them, and further users wait for the
 * first that is done. Each socket costs its user a connection until it is closed, so he has no more
 * of them than his limit. Connections that were refused cost nobody: there are CLOSING_UNPAID_MAX
 * of them, and then the listener pauses.
 */
#ifndef SERVER_CLOSING_H
#define SERVER_CLOSING_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct charge;
struct closer;
struct server;

#define CLOSING_THREADS_MAX 8
#define CLOSING_UNPAID_MAX  256

struct closing {
	struct closer *closers; /* of users who have something to be closed, by uid */
	struct closer *in_line; /* those that wait for a thread, */
	struct closer *at_work; /* and those that have one */
	struct event look;      /* whether they are done */
	uint32_t n_at_work;
	uint32_t n_unpaid;
};

void closing_init(struct server *server);

/* The end of the broker: wait a moment. What is not closed then the kernel closes with the process,
 * and waits for nothing. */
void closing_fini(struct server *server);

/* Close TAKE_FD, a connection of UID that is over, and that MAY_BRING_RIGHTS. CHARGE, which may pay
 * for nothing, is for it and ends when it is closed. */
void closing_end(struct server *server, int take_fd, uid_t uid, bool may_bring_rights,
		 struct charge *charge);

/* The same for any descriptor, always by the thread. */
void closing_hand_over(struct server *server, int take_fd, uid_t uid, struct charge *charge);

/* Whether so much is waiting that nobody pays for that no more should come. */
bool closing_is_full(const struct server *server);

#endif
