/*
 * Clients that watch: each is told what happens to the objects that it may see and whose names
 * begin as it asked for. What it is told of others is what WHO would tell it.
 *
 * News is gathered for each connection and sent as one packet, a bounded number of times a second,
 * so that a storm of changes costs the broker no more than a bounded number of packets. A client
 * that does not read misses what is beyond one packet, is told that it did, and is never waited
 * for.
 */
#ifndef SERVER_WATCHING_H
#define SERVER_WATCHING_H

#include <event2/event_struct.h>
#include <stdint.h>

#include "objects/registry.h"

struct peer;
struct server;
struct watcher;

struct watching {
	struct observer observer;
	struct watcher *listening; /* connections that watch */
	struct watcher *full;      /* and those that miss all further news until theirs is sent */
	struct event send_news;
	uint64_t sent_ms; /* when news was sent last */
};

void watching_init(struct server *server);
void watching_fini(struct server *server);

/*
 * PEER watches names that begin with PREFIX, under the NUMBER of its choice; what it watched under
 * that before ends. LIMIT is how much its user may watch. Returns 0, -EDQUOT or -ENOMEM, and on
 * failure nothing has changed.
 */
int watching_begin(struct peer *peer, uint32_t number, const char *prefix, uint64_t limit);

/* Returns 0, or -ENOENT when PEER watches nothing under that number. */
int watching_end(struct peer *peer, uint32_t number);

/* PEER has taken in what it was sent: send what was gathered meanwhile. */
void watching_catch_up(struct peer *peer);

void watching_forget_peer(struct peer *peer);

/* The connection with the watch that CHARGE pays for. */
const struct peer *watching_payer(const struct charge *charge);

/* How many watches PEER has. */
unsigned watching_count(const struct peer *peer);

#endif
