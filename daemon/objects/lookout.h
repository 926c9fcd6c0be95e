/*
 * A lookout: looking again and again at what nothing tells of, while there is any. The interval
 * doubles while nothing changes, and is the first one again when something did or came to it.
 *
 * A look that is due is never put off: who adds something all the time keeps nobody waiting.
 */
#ifndef OBJECTS_LOOKOUT_H
#define OBJECTS_LOOKOUT_H

#include <event2/event_struct.h>
#include <stdint.h>

#include "base/attr.h"

struct event_base;

enum lookout_found {
	LOOKOUT_OVER, /* there is nothing left to look at */
	LOOKOUT_SAME,
	LOOKOUT_CHANGED,
};

struct lookout {
	struct event timer;
	enum lookout_found (*look)(void *data);
	void *data;
	uint32_t first_ms, longest_ms; /* intervals: the least and the greatest */
	uint32_t interval_ms;          /* the one that runs */
	uint64_t due_ms;               /* when it ends, on CLOCK_MONOTONIC; 0: none runs */
};

/* LOOK is called with DATA by the loop of BASE. */
void lookout_init(struct lookout *lookout, struct event_base *base, uint32_t first_ms,
		  uint32_t longest_ms, enum lookout_found (*look)(void *data), void *data);
void lookout_fini(struct lookout *lookout);

/* There is something new: look after the first interval, or before. Returns 0, or -ENOMEM when
 * there is no look before the next call. */
attr_nodrop int lookout_begin(struct lookout *lookout);

#endif
