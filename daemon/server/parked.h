/*
 * Openers that wait while another process initialises the object. Each has its own deadline. When
 * something changed for an object, its openers try again, in the order in which they came: the
 * first that may write becomes the next initialiser where the last one left, and the others wait
 * on.
 */
#ifndef SERVER_PARKED_H
#define SERVER_PARKED_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

#include "rules/quota.h"
#include "wire/messages.h"

struct call;
struct object;
struct peer;
struct server;

struct parked {
	struct parked *prev, *next;
	struct parked *peer_prev, *peer_next;
	struct peer *peer;
	struct object *object; /* NULL once it has lost its name */
	struct charge charge;
	struct event deadline;
	uint64_t id;
	uint64_t since_ms;
	uint32_t serial;
	bool tries_again; /* in the queue of those that try again */
	bool is_roomless; /* it waits for nothing but room for its answer */
	struct wire_open_request request;
};

void parked_init(struct server *server);

/* Nobody waits any longer: those that do are told that the broker ends. */
void parked_fini(struct server *server);

/* Park CALL, an OPEN, until OBJECT changes. Returns CALL_PARKED or a refusal. */
int parked_add(struct call *call, const struct wire_open_request *request, struct object *object);

/* OBJECT changed: its openers try again at the next turn of the loop. */
void parked_wake(struct server *server, struct object *object);

/* There may be room for the answers to PEER: its requests that wait for that do the same. */
void parked_wake_roomless(struct peer *peer);
bool parked_are_roomless(const struct peer *peer);

/* OBJECT has lost its name: the same, and it is not referred to any more. */
void parked_forget_object(struct server *server, struct object *object);

void parked_forget_peer(struct peer *peer);

/* The first after the one with id CURSOR, or NULL. */
const struct parked *parked_after(const struct server *server, uint64_t cursor);

#endif
