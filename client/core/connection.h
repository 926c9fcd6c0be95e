/*
 * One connection: the way to the broker, the requests under way on it, and what is held through it.
 *
 * Everything is guarded by `lock`, and nothing waits while holding it. There are no threads of our
 * own: of the threads that wait for answers one leads. It sleeps on the socket without the lock,
 * takes in what arrives for everybody, and hands the lead on when its own answer is there. The
 * others sleep on `changed`. See turn.h.
 *
 * A request is in at most one of the lists `unsent`, `sent`, `holds`, `watches` and `answered`.
 * Those in `sent` came before those in `unsent`.
 */
#ifndef CORE_CONNECTION_H
#define CORE_CONNECTION_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <shmbroker/connection.h>

#include "core/events.h"
#include "core/list.h"
#include "core/locate.h"
#include "core/member.h"
#include "core/pollable.h"
#include "wire/messages.h"

enum phase {
	PHASE_LOST,      /* no socket: the next turn tries to get one */
	PHASE_GREETING,  /* HELLO is under way */
	PHASE_RESTORING, /* back again: the broker is being told what is held */
	PHASE_OPEN,
	PHASE_DEAD, /* lost for good, for the reason in `failure` */
};

struct shmb_connection {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a lead is free, a request is done, or the phase is another */
	uint64_t process;       /* that it belongs to */
	uint32_t timeout_ms;    /* of requests that say none */

	enum phase phase;
	int socket;
	bool is_led;       /* a thread is about to wait, or waits, without the lock */
	bool is_broken;    /* the socket is of no use any more; its leader will see to it */
	bool broker_ends;  /* it has said so: what it has not answered it has not done */
	bool has_greeted;  /* HELLO was answered once: this is a member of `hello.instance` */
	bool is_joining;   /* shmb_rejoin() has begun, and has not come to its end */
	uint32_t serial;   /* of the last packet sent */
	uint32_t n_starts; /* brokers started for the first contact */
	uint32_t pause_ms; /* before another attempt to connect; doubles */
	uint64_t retry_at; /* when that is, 0 for at once */
	char turned_away[WIRE_REASON_MAX +
			 1]; /* why the broker has refused to take it back so far */
	int failure;
	char failure_text[WIRE_REASON_MAX + 1];

	struct link unsent;  /* requests in the order in which they are to be sent */
	struct link sent;    /* requests that the broker has not answered */
	struct link holds;   /* answered requests to open something that is open still */
	struct link watches; /* answered requests to watch something that is watched still */
	struct link
		answered; /* requests that their callers have not ended, and that hold nothing */
	struct link done; /* requests whose callback is to be called */
	uint32_t n_underway;
	uint32_t n_restoring; /* HOLD and WATCH requests of this reconnection, not answered */
	uint32_t last_watch;  /* number of the last one */
	struct shmb_request *goodbye; /* kept ready, since an end must not need memory */

	struct shmb_member member;
	struct events events;
	struct pollable pollable;
	uint32_t n_dispatching; /* calls of shmb_dispatch() that are under way */
	bool is_ended;          /* disconnected within a callback: the last dispatch frees it */

	struct location location;
	char program[WIRE_PROGRAM_MAX + 1];
	struct wire_hello_reply hello; /* what the broker said last */
};

void connection_init_lock(struct shmb_connection *connection);

/* Lock, in the process that the connection belongs to. */
void connection_lock(struct shmb_connection *connection);

/* Lock. Returns 0, or -EOWNERDEAD with a text, and without the lock, in a forked child. */
int connection_enter(struct shmb_connection *connection);
void connection_leave(struct shmb_connection *connection);

/* When a wait of TIMEOUT_MS (0: the connection's) that begins now is over. */
uint64_t connection_deadline(const struct shmb_connection *connection, uint64_t timeout_ms);

#endif
