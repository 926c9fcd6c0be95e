/*
 * The steps of fuzz_client: what the broker does that the library is connected to, and what the
 * program does that uses the library.
 */
#ifndef FUZZ_LIBRARY_STEPS_H
#define FUZZ_LIBRARY_STEPS_H

#include "steps.h"

enum library_step {
	LIBRARY_ANSWER,   /* to a request under way: header fitted to it, tokens exchanged */
	LIBRARY_EVENT,    /* an event, header fitted */
	LIBRARY_RAW,      /* a packet as it is */
	LIBRARY_HANG_UP,  /* the broker closes the connection */
	LIBRARY_ACCEPT,   /* and takes the next */
	LIBRARY_DISPATCH, /* shmb_dispatch() */
	LIBRARY_SUBMIT,   /* another request, of kind HOW */
	LIBRARY_FINISH,   /* the request of number HOW */
	LIBRARY_CANCEL,
	LIBRARY_READY,  /* say ready for the segment of number HOW */
	LIBRARY_DETACH, /* end the handle of number HOW */
	LIBRARY_TIME,   /* 2 to the power of HOW milliseconds pass */
	LIBRARY_WATCH,  /* begin to watch, in every way that HOW says */
	LIBRARY_PERMIT, /* a change or a question of permission: an enum library_permit in HOW */
	N_LIBRARY_STEPS
};

/* In `how` of the first three. */
#define LIBRARY_REQUEST     0x07u /* ANSWER: to which, if none is of its operation */
#define LIBRARY_DESCRIPTOR  0x38u /* shifted by 3: an enum library_descriptor */
#define LIBRARY_SHIFT       3
#define LIBRARY_THRICE      0x40u /* three of them */
#define LIBRARY_NO_DISPATCH 0x80u

enum library_descriptor {
	DESCRIPTOR_NONE,
	DESCRIPTOR_MEMFD,          /* sealed, 4096 bytes */
	DESCRIPTOR_MEMFD_READ,     /* the same, read-only */
	DESCRIPTOR_MEMFD_UNSEALED, /* which can still shrink */
	DESCRIPTOR_PIPE_READ,
	DESCRIPTOR_PIPE_WRITE,
	DESCRIPTOR_SOCKET,
	DESCRIPTOR_MEMFD_EMPTY,
	N_DESCRIPTORS
};

enum library_permit { PERMIT_CHANGE, PERMIT_REPLACE, PERMIT_EXPLAIN, N_PERMITS };

/* The first byte of an input. */
#define LIBRARY_RECONNECTS   0x01u /* the socket stays, so that the library comes back */
#define LIBRARY_GREETS       0x02u /* HELLO is answered well before the first step */
#define LIBRARY_POLLS        0x04u /* shmb_connection_fd() is asked for */
#define LIBRARY_STARTS_EMPTY 0x08u /* no requests are under way at the beginning */
#define LIBRARY_LEAVES_FIRST 0x10u /* shmb_disconnect() before requests and handles are ended */

#endif
