/*
 * The steps of fuzz_broker.
 */
#ifndef FUZZ_BROKER_STEPS_H
#define FUZZ_BROKER_STEPS_H

#include "steps.h"

enum broker_step {
	BROKER_REQUEST,  /* a packet, made right: header fitted, tokens exchanged, HELLO before */
	BROKER_RAW,      /* a packet as it is */
	BROKER_HANG_UP,  /* this client closes its end */
	BROKER_CONNECT,  /* and connects again */
	BROKER_READ,     /* it takes what has come */
	BROKER_TURN,     /* the loop is turned */
	BROKER_TIME,     /* 2 to the power of HOW milliseconds pass */
	BROKER_SCARCITY, /* HOW descriptors are left, or enough again */
	BROKER_MISHAP,   /* something happens behind the broker's back: host.h */
	N_BROKER_STEPS
};

/* In `how` of the first five: which client, and what the harness leaves undone. */
#define BROKER_CLIENTS     4u /* the last is of the same user as the first */
#define BROKER_CLIENT      0x03u
#define BROKER_NO_HELLO    0x04u /* a request is not preceded by the HELLO that it lacks */
#define BROKER_NO_TURN     0x10u /* the loop is not turned after it */
#define BROKER_NO_READ     0x20u /* the answer is not taken */
#define BROKER_NO_SERIAL   0x40u /* a request that asks for no answer */
#define BROKER_OLD_VERSION 0x80u /* the version in the header is left as it is */

#define BROKER_ENOUGH 0x0fu /* of SCARCITY */

#endif
