/*
 * What goes on beside: objects that come and go, and who looks again and again.
 */
#ifndef BENCH_LOOK_TRAFFIC_H
#define BENCH_LOOK_TRAFFIC_H

#include <stdint.h>
#include <sys/types.h>

/* Make and remove so many objects a second, until it is ended by worker_end(). */
pid_t traffic_start(const char *socket, unsigned per_second, int core);

/* What is done again and again, and how often. */
struct habit {
	void (*act)(const void *data);
	const void *data;
	unsigned interval_ms; /* from start to start; 0, or less than it takes: at once again */
	int core;             /* of the process that does it */
};

struct repetition;

/* Begin it. HABIT lasts as long. */
struct repetition *repetition_start(const struct habit *habit);

/* Let the one that is under way come to its end. Returns how many there were, and frees. */
unsigned repetition_end(struct repetition *repetition);

#endif
