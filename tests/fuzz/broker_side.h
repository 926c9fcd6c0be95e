/*
 * The broker of fuzz_client: a socket that takes the library's requests, which must be good ones,
 * and sends what it is told.
 */
#ifndef FUZZ_BROKER_SIDE_H
#define FUZZ_BROKER_SIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "library_steps.h"

#define UNDERWAY_MAX 64u

struct underway {
	uint32_t serial;
	uint16_t code;
};

struct broker_side {
	char socket[96];
	int listener; /* -1 when it listens no more */
	int fd;       /* the connection; -1 for none */
	unsigned n_underway;
	struct underway underway[UNDERWAY_MAX]; /* requests that were not answered, oldest first */
};

/* Make the descriptors that it sends, once. */
void broker_side_prepare(void);

void broker_side_start(struct broker_side *broker);

/* Take the name away and listen no more: nobody comes back. */
void broker_side_withdraw(struct broker_side *broker);

void broker_side_accept(struct broker_side *broker);
void broker_side_hang_up(struct broker_side *broker);

/* Take all requests that have come. */
void broker_side_read(struct broker_side *broker);

/* Answer the HELLO that is under way, as a good broker does. */
void broker_side_greet(struct broker_side *broker);

/* Send the packet of STEP: an answer to a request under way, an event, or as it is. */
void broker_side_send(struct broker_side *broker, struct step *step);

void broker_side_stop(struct broker_side *broker);

#endif
