/*
 * Events on their way from the connection to shmb_next_event(): a bounded queue that says when
 * something was lost.
 *
 * Not thread-safe: the connection's lock guards it.
 */
#ifndef CORE_EVENTS_H
#define CORE_EVENTS_H

#include <shmbroker/error.h>
#include <shmbroker/event.h>

#include "core/list.h"

#define EVENTS_MAX 256

struct events {
	struct link queue;
	unsigned n;
	bool has_overflowed;
};

void events_init(struct events *events);
void events_fini(struct events *events);

/* Never fails: an event for which there is no room is told as an overflow. */
void events_push(struct events *events, const struct shmb_event *event);

/* Some are missing here. */
void events_overflow(struct events *events);

/* False when there is none. */
bool events_pop(struct events *events, struct shmb_event *ret_event);

#endif
