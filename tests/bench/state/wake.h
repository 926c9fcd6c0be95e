/*
 * From a publish to the value in the hands of a reader who sleeps until it comes, one way. The
 * value is the time at which it was published.
 */
#ifndef BENCH_STATE_WAKE_H
#define BENCH_STATE_WAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "support/server.h"

/* A way to hand a time over. */
struct waking {
	const char *name;
	/* Once, before there are two processes, with servers of its own on CORE; and in each of the
	 * two, first in the one that publishes. */
	void *(*prepare)(const struct server *broker, int core);
	void *(*open)(void *prepared, bool writes);
	void (*dispose)(void *prepared); /* once again; NULL: it lies in memory that is shared */
	void (*publish)(void *opened, uint64_t time);
	/* Sleep until there is another one than BEFORE. */
	uint64_t (*await)(void *opened, uint64_t before);
};

extern const struct waking waking_ours, waking_futex, waking_redis, waking_iceoryx;

struct wake {
	const struct waking *waking;
	struct wake_control *control;
	void *prepared;
	pid_t publisher, reader;
};

/* The reader is a process on the core READER, and what publishes one on PUBLISHER. */
void wake_start(struct wake *wake, const struct waking *waking, int publisher, int reader,
		const struct server *broker);
void wake_end(struct wake *wake);

/* A run function of contenders: the time that OPERATIONS hand-overs took in all. */
uint64_t wake_run(void *wake, unsigned operations);

#endif
