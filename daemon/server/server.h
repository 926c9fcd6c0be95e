/*
 * The server: what all connections share.
 */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

#include "objects/lookout.h"
#include "objects/registry.h"
#include "server/closing.h"
#include "server/door.h"
#include "server/turns.h"
#include "server/under_way.h"
#include "server/watching.h"
#include "wire/messages.h"

struct event_base;
struct lingering;
struct parked;
struct peer;

struct server_settings {
	const char *directory;     /* the runtime directory, for STATUS */
	const uint8_t *instance;   /* WIRE_INSTANCE_SIZE bytes: what clients come back to */
	uint64_t hello_timeout_ms; /* how long a connection may be silent before HELLO */
	uint64_t patience_ms;      /* with descriptors that a client does not take in, or
				   the kernel does not let out */
	uint64_t
		idle_exit_ms; /* end after having had no peer and no object for so long; 0: never */
	bool without_passrights; /* act as a kernel without SO_PASSRIGHTS; for tests */
	bool per_user;           /* admit the broker's own uid and root alone */
};

/* What happened since the server began. */
struct server_counts {
	uint64_t connections; /* that were accepted */
	uint64_t requests;    /* that were answered, */
	uint64_t refusals;    /* by a refusal */
};

struct server {
	struct event_base *base;
	struct registry *registry;
	struct server_settings settings;
	struct observer observer;
	struct peer *peers;
	struct parked *parked;       /* openers that wait, by id, oldest first */
	struct parked *trying_again; /* those of them that may go on */
	struct event parked_wake;    /* runs those that may go on */
	struct watching watching;
	struct turns turns;
	struct under_way under_way;  /* descriptors that were sent and not read */
	struct lingering *lingering; /* sockets that are done with, and not read */
	struct lookout lingering_lookout;
	struct closing closing; /* of sockets whose end may take long */
	struct door door;
	struct event listening; /* the listener */
	struct event listen_again;
	struct event idle;
	struct server_counts counts;
	uint64_t started_ms;
	uint64_t ipc_namespace; /* inode of the broker's, 0 when it cannot be told */
	uint32_t n_peers;
	int listener;
	int spare; /* a descriptor to be given up when there is none left */
	uint8_t instance[WIRE_INSTANCE_SIZE];
	bool (*may_end)(void *data); /* asked when the idle time is over */
	void *may_end_data;
};

/* Serve LISTENER, which becomes the server's. Returns 0 or -errno. */
int server_init(struct server *server, struct event_base *base, struct registry *registry,
		const struct server_settings *settings, int take_listener);

/* The end begins: no connection is accepted and nobody waits any more. The peers stay, to be told
 * what becomes of their objects. */
void server_stop(struct server *server);

/* Drop all peers, after server_stop(). Objects and members are the registry's. */
void server_fini(struct server *server);

/* A peer or an object came or went: start or stop the idle timer. */
void server_update_idle(struct server *server);

#endif
