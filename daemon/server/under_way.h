/*
 * Descriptors under way: sent to clients, and not yet received. The kernel counts them for the user
 * that the broker runs as, and beyond RLIMIT_NOFILE it lets nobody be sent any more; dropping who
 * does not read takes none back. So before a request that is answered with one is acted on, it is
 * asked whether that can be sent:
 *
 *   the connection   has a few of them and nothing else to take in before;
 *   the user         has no more than his limit, and than a quarter of what the others leave.
 *
 * What waits to be sent counts as if it were under way. A connection that takes nothing in for the
 * patience is dropped, whether or not it asks for more.
 */
#ifndef SERVER_UNDER_WAY_H
#define SERVER_UNDER_WAY_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

struct call;
struct peer;
struct server;

/* The server's part. */
struct under_way {
	struct peer *peers; /* with descriptors under way, by when they are to be looked at */
	struct event look;
	uint64_t counted_ms; /* when all of them were looked at last */
	uint64_t whole;      /* how many may be under way in all, as was seen then or at a look */
};

/* A peer's part. */
struct under_way_peer {
	struct peer *prev, *next;
	uint64_t look_at_ms;
	bool is_listed;
	bool was_idle; /* before the last look it took nothing in */
};

enum room {
	ROOM_LEFT,
	ROOM_PEER_FULL, /* the connection has to take something in first */
	ROOM_USER_FULL, /* the user's limit */
	ROOM_ALL_FULL,  /* his share of what all may have */
};

void under_way_init(struct server *server);
void under_way_fini(struct server *server);

/* Whether PEER, a member's, can be sent one more. */
enum room under_way_room(struct peer *peer);

/* A descriptor was sent to PEER, or waits to be. */
void under_way_began(struct peer *peer);

/* The connection ends. */
void under_way_forget(struct peer *peer);

/* Refuse CALL, which is about NAME, since there is none of the room that WHY says. */
int under_way_refuse(struct call *call, const char *name, enum room why);

#endif
