/*
 * Openers that wait while another process initialises the object. Each has its own deadline. When
 * the object is ready all of them try again, in the order in which they came. When nobody
 * initialises it any more only the first one does that may, and the next one if that has come to
 * nothing: so it costs the same for however many wait.
 */
#ifndef SERVER_PARKED_H
#define SERVER_PARKED_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

#include "rules/quota.h"
#include "rules/table.h"
#include "wire/messages.h"

struct call;
struct object;
struct peer;
struct server;

struct parked {
	UT_hash_handle handle;                  /* of all, by id */
	struct parked *again_prev, *again_next; /* of those that try again */
	struct parked *peer_prev, *peer_next;
	struct parked *object_prev, *object_next;
	struct parked *heir_prev, *heir_next; /* of those at the object that may initialise it */
	struct peer *peer;
	struct object *object; /* NULL once it has lost its name */
	struct charge charge;
	struct event deadline;
	uint64_t id;
	uint64_t since_ms;
	uint32_t serial;
	bool tries_again; /* at the next turn of the loop, or one that follows */
	bool is_roomless; /* it waits for nothing but room for its answer */
	bool is_heir;
	struct wire_open_request request;
};

void parked_init(struct server *server);

/* Nobody waits any longer: those that do are told that the broker ends. */
void parked_fini(struct server *server);

/* Park CALL, an OPEN, until OBJECT changes. Returns CALL_LATER or a refusal. */
int parked_add(struct call *call, const struct wire_open_request *request, struct object *object);

/* OBJECT is ready: its openers try again. */
void parked_wake(struct object *object);

/* Nobody initialises OBJECT: the first of them that may tries again. */
void parked_wake_heir(struct object *object);

/* There may be room for the answers to PEER: its requests that wait for that do the same. */
void parked_wake_roomless(struct peer *peer);
bool parked_are_roomless(const struct peer *peer);

/* OBJECT has lost its name: its openers try again, and it is not referred to any more. */
void parked_forget_object(struct object *object);

void parked_forget_peer(struct peer *peer);

/* The first after the one with id CURSOR, which may be gone: of all, and of those that wait for
 * OBJECT. NULL at the end. */
const struct parked *parked_after(const struct server *server, uint64_t cursor);
const struct parked *parked_at_after(const struct server *server, const struct object *object,
				     uint64_t cursor);

#endif
