/*
 * What a watch is told: of an object, or of itself.
 */
#ifndef SHMCTL_FACTS_HAPPENING_H
#define SHMCTL_FACTS_HAPPENING_H

#include <time.h>

#include <shmbroker/event.h>

struct happening {
	struct timespec time; /* when shmctl heard of it, on CLOCK_REALTIME */
	struct shmb_event event;
};

/* What happened, in a word. Of the watch itself: missed, disconnected, reconnected. */
const char *happening_word(const struct happening *happening);

#endif
