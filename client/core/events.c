/*
 * An overflow is told after the events that came before it, and further ones are dropped until it
 * has been told: so what is missing always lies behind the mark.
 */
#include "core/events.h"

#include <stdlib.h>

#include "base/attr.h"

struct queued_event {
	struct link link;
	struct shmb_event event;
};

void events_init(struct events *events)
{
	*events = (struct events){.n = 0};
	list_init(&events->queue);
}

void events_fini(struct events *events)
{
	struct shmb_event ignored;

	while (events_pop(events, &ignored))
		;
}

void events_overflow(struct events *events)
{
	events->has_overflowed = true;
}

void events_push(struct events *events, const struct shmb_event *event)
{
	struct queued_event *queued = NULL;

	if (events->n < EVENTS_MAX && !events->has_overflowed)
		queued = malloc(sizeof(*queued));
	if (!queued) {
		events_overflow(events);
		return;
	}
	queued->event = *event;
	list_append(&events->queue, &queued->link);
	events->n++;
}

bool events_pop(struct events *events, struct shmb_event *ret_event)
{
	struct link *first = list_first(&events->queue);
	struct queued_event *queued;

	if (!first) {
		if (!events->has_overflowed)
			return false;
		events->has_overflowed = false;
		*ret_event = (struct shmb_event){.type = SHMB_EVENT_OVERFLOW};
		return true;
	}
	queued = container_of(first, struct queued_event, link);
	list_remove(first);
	*ret_event = queued->event;
	free(queued);
	events->n--;
	return true;
}
