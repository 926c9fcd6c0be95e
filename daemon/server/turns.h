/*
 * Fair turns between users. One packet of each connection is handled a turn of the loop, but a user
 * with a thousand connections would have a thousand turns to another's one. So each user has a
 * share of the time of a turn; what he asks beyond it waits for the next, in the order in which it
 * came, and everybody else goes before.
 *
 * Where only one user asks for anything, as always in a per-user broker, he waits for nobody.
 */
#ifndef SERVER_TURNS_H
#define SERVER_TURNS_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

struct peer;
struct server;
struct share;

struct turns {
	struct share *shares;  /* one a user, by uid */
	struct share *used_up; /* those with connections that wait for the next round */
	struct share *serving; /* the one whose connection is being served */
	struct event next_round;
	void (*serve)(struct peer *peer);
};

/* SERVE handles what a connection has sent; the connection may be gone when it returns. */
void turns_init(struct server *server, void (*serve)(struct peer *peer));
void turns_fini(struct server *server);

/* PEER takes part in its user's share. Returns 0 or -ENOMEM. */
int turns_join(struct peer *peer);
void turns_leave(struct peer *peer);

/* PEER has sent something: serve it now, or in its turn. */
void turns_take(struct peer *peer);

#endif
