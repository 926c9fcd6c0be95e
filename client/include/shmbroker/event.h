/*
 * Events: what happens to objects that this connection holds or watches, and to the connection
 * itself.
 *
 *   Any threads may take events of one connection at the same time, and beside every other call on
 *   it: each event goes to one of them. Taking never waits.
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
	SHMB_EVENT_NEWS = 6,         /* something happened to an object that is watched */
	SHMB_EVENT_UNWATCHED = 7, /* after a reconnection the broker refused the watch of `name` */
};

enum shmb_ending {
	SHMB_ENDING_REMOVED = 1,  /* somebody removed it */
	SHMB_ENDING_UNUSED = 2,   /* its lifetime ended with its use */
	SHMB_ENDING_OWNER = 3,    /* its lifetime ended with its owner */
	SHMB_ENDING_SHUTDOWN = 4, /* the broker ends */
	SHMB_ENDING_BACKING = 5,  /* the kernel lost what held it */
	SHMB_ENDING_REPLACED = 6, /* a new generation has the name: open it again */
};

/* What happened to an object that is watched. */
enum shmb_news {
	SHMB_NEWS_CREATED = 1,
	SHMB_NEWS_OPENED = 2,    /* by one more holder */
	SHMB_NEWS_READY = 3,     /* it has been initialised */
	SHMB_NEWS_VACATED = 4,   /* who was to initialise it left: the next one will */
	SHMB_NEWS_PERMITTED = 5, /* its mode, group or list changed */
	SHMB_NEWS_CLOSED = 6,    /* by one of its holders, or at his end */
	SHMB_NEWS_REMOVED = 7,   /* it lost its name */
};

struct shmb_event {
	enum shmb_event_type type;
	enum shmb_ending ending; /* REMOVED, and news of that: why */
	uint64_t object; /* REMOVED, NEWS: id of the object, as shmb_segment_info() gives it */
	uint64_t generation;
	enum shmb_news news; /* NEWS: what happened */
	unsigned access;     /* news of OPENED, CLOSED: 1 read, 2 write, 3 both */
	uint32_t uid;        /* NEWS: who did it, when pid is not 0 */
	uint32_t pid;        /* NEWS: as the broker sees it; 0 when nobody asked for it */
	char program[64];    /* NEWS: what that program calls itself */
	char name[201];      /* of the object; UNWATCHED: the prefix */
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
