/*
 * The clients of fuzz_broker: sockets that send what they are told, read the answers as carefully
 * as a client would, and remember what the answers said.
 */
#ifndef FUZZ_CLIENT_SIDE_H
#define FUZZ_CLIENT_SIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "steps.h"
#include "wire/messages.h"

#define CLIENT_SERIALS 1024u
#define CLIENT_OPENED  4u

struct client {
	int fd;                        /* -1 while not connected */
	struct wire_hello_reply hello; /* the last that it got; a member outlives its connection */
	uint8_t asked[CLIENT_SERIALS]; /* by serial: the access that an OPEN asked for */
	uint32_t serial;
	bool has_greeted; /* on this connection */
};

/* What all clients together have opened last. */
struct opened {
	unsigned n;
	struct wire_open_reply replies[CLIENT_OPENED];
};

struct clients {
	const uint8_t *instance; /* of the broker */
	uint64_t ipc_namespace;
	unsigned n;
	struct client *all;
	struct opened opened;
};

/* Greet as a new member, reaching System V. */
void client_greet(struct clients *clients, unsigned i);

/* Make a request of STEP that a broker reads, and send it from client I. */
void client_request(struct clients *clients, unsigned i, struct step *step);

/* Send the bytes of STEP. */
void client_send_raw(struct clients *clients, unsigned i, const struct step *step);

/* Take and check all that has come for client I. A connection that has ended is closed. */
void client_read(struct clients *clients, unsigned i);

#endif
