/*
 * Events: what happens to objects that this connection holds, and to the connection itself.
 */
#ifndef SHMBROKER_EVENT_H
#define SHMBROKER_EVENT_H

#include <stdint.h>

#include <shmbroker/connection.h>

SHMB_BEGIN_DECLS

enum shmb_event_type {
	SHMB_EVENT_REMOVED = 1,      /* an object lost its name; what is mapped stays mapped */
	SHMB_EVENT_DISCONNECTED = 2, /* the connection broke; it comes back by itself if it can */
	SHMB_EVENT_RECONNECTED = 3,  /* it came back, and the broker knows again what is held */
	SHMB_EVENT_BROKER_LOST = 4,  /* another broker listens now: connect anew */
	SHMB_EVENT_OVERFLOW = 5,     /* events came faster than they were taken: some are missing */
};

enum shmb_ending {
	SHMB_ENDING_REMOVED = 1,  /* somebody removed it */
	SHMB_ENDING_UNUSED = 2,   /* its lifetime ended with its use */
	SHMB_ENDING_OWNER = 3,    /* its lifetime ended with its owner */
	SHMB_ENDING_SHUTDOWN = 4, /* the broker ends */
	SHMB_ENDING_BACKING = 5,  /* the kernel lost what held it */
	SHMB_ENDING_REPLACED = 6, /* a new generation has the name: open it again */
};

struct shmb_event {
	enum shmb_event_type type;
	enum shmb_ending ending; /* REMOVED: why */
	uint64_t object;         /* REMOVED: id of the object, as shmb_segment_id() gives it */
	uint64_t generation;
	char name[201];
};

/*
 * Take the oldest event that shmb_dispatch() or any waiting call has brought in. Never blocks.
 *
 * Returns 0 with the event in *ret_event, or SHMB_EMPTY.
 *
 * Threads: safe; each event goes to one caller. Since 0.1.
 */
SHMB_EXPORT int shmb_next_event(struct shmb_connection *connection, struct shmb_event *ret_event);

SHMB_END_DECLS

#endif
