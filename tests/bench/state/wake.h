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
	/* Once, before there are two processes, and in each of the two. */
	void *(*prepare)(const struct server *broker);
	void *(*open)(void *prepared, bool writes);
	void (*close)(void *opened);
	void (*dispose)(void *prepared); /* once again; NULL: it lies in memory that is shared */
	void (*publish)(void *opened, uint64_t time);
	/* Sleep until there is another one than BEFORE. */
	uint64_t (*await)(void *opened, uint64_t before);
};

extern const struct waking waking_ours, waking_futex;

struct wake {
	const struct waking *waking;
	struct wake_control *control;
	void *prepared;
	void *opened;
	pid_t reader;
};

/* The reader is a process on CORE. */
void wake_start(struct wake *wake, const struct waking *waking, int core,
		const struct server *broker);
void wake_end(struct wake *wake);

/* A run function of contenders: the time that OPERATIONS hand-overs took in all. */
uint64_t wake_run(void *wake, unsigned operations);

#endif
