/*
 * One connection: what is read from it, what waits to be written to it, and the member behind it.
 *
 * Input is bounded by reading one packet a turn, in the share of its user (turns.h), and none while
 * answers wait to be taken, or a request waits for room for its answer.
 * Output is bounded by dropping a peer whose queue is full, or that takes nothing in.
 */
#ifndef SERVER_PEER_H
#define SERVER_PEER_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

#include "rules/credentials.h"
#include "rules/quota.h"
#include "server/outbox.h"
#include "server/postponed.h"
#include "server/under_way.h"
#include "wire/opcodes.h"

struct member;
struct parked;
struct server;
struct share;
struct watcher;

struct peer {
	struct server *server;
	struct peer *prev, *next;
	struct member *member;              /* NULL before HELLO */
	struct parked *parked;              /* its requests that wait */
	struct share *share;                /* of its user, in the time of a turn */
	struct peer *turn_prev, *turn_next; /* in its line */
	struct watcher *watcher;            /* what it watches, NULL for nothing */
	struct event readable;
	struct outbox outbox;
	struct under_way_peer under_way;
	struct postponed postponed;     /* its request that waits for room */
	struct charge charge;           /* for a connection */
	struct event hello_late;        /* runs until HELLO */
	struct credentials credentials; /* passed on to the member by HELLO */
	uint32_t n_parked;
	int fd;
	uint16_t version; /* negotiated; the oldest before HELLO */
	bool sysv_is_reached;
	bool is_broken;  /* it cannot be sent to any more: dropped at the next turn of the loop */
	bool is_dropped; /* ended within its own dispatch: freed at the end of it */
	bool is_busy;    /* being dispatched */
	bool waits_turn; /* in the line of its share */
	bool may_bring_rights; /* its packets may have descriptors with them (rights.h) */
};

/* Take FD over and serve it. A connection that cannot be served is closed. */
void peer_new(struct server *server, int take_fd);

/* Handle a packet that came before and was postponed until UNTIL_MS, and read on after it. PEER may
 * be gone when this returns. */
void peer_resume(struct peer *peer, const uint8_t *bytes, size_t size, uint64_t until_ms);

/* Close the connection; its member goes away, or is away. PEER may be gone when this returns. */
void peer_drop(struct peer *peer);

/* Look at its socket again after that was left alone. Returns false when it has to take its answers
 * first, or a request of it waits for room, or when it cannot be looked at and ends. */
bool peer_read_again(struct peer *peer);

/* Read one packet of it and handle that. PEER may be gone when this returns. */
void peer_serve(struct peer *peer);

/*
 * Send an answer or an event, or queue it. FD is borrowed; -1 for none. A peer that cannot take it
 * is dropped at the next turn of the loop, so callers may hold on to it.
 */
void peer_send(struct peer *peer, const struct wire_header *header, const struct wire_shape *shape,
	       const void *message, int fd);

#endif
