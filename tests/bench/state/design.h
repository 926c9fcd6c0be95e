/*
 * Designs of a value that one process publishes and another reads. Each is a file of its own, ours
 * among them.
 *
 * The loops are here and are compiled into each design with its own two functions, so that none of
 * them pays for calls that another does not make.
 */
#ifndef BENCH_STATE_DESIGN_H
#define BENCH_STATE_DESIGN_H

#include "state/traffic.h"
#include "support/server.h"

#define DESIGN_TRIES   4096 /* between two looks at the clock */
#define DESIGN_LATE_NS UINT64_C(30000000)

struct design {
	const char *name;
	/* Once, before there are two processes: what both begin with. */
	void *(*prepare)(const struct traffic *traffic, const struct server *broker);
	/* In each of the two; NULL where what was prepared is used as it is. */
	void *(*open)(void *prepared, bool writes);
	void (*close)(void *opened);
	/* Once, when the writer's process is gone; NULL where there is nothing to do. */
	void (*dispose)(void *prepared);
	/* Publish at least once, until it is told to stop; read so many times, or as often as that
	 * succeeds in a time that is long for it, which is returned. */
	void (*write)(void *opened, struct traffic *traffic);
	uint64_t (*read)(void *opened, struct traffic *traffic, uint64_t reads);
};

extern const struct design design_ours, design_ring, design_ring_checked, design_seqlock,
	design_mutex, design_ck, design_lmdb, design_redis;

/* SIZE bytes of zeros that both processes have, and have touched. */
void *design_share(size_t size);

static inline __attribute__((always_inline)) void design_write(
	void *opened, struct traffic *traffic,
	void (*publish)(void *opened, const void *value, size_t size))
{
	traffic_begin(traffic);
	do {
		traffic_fill(traffic);
		publish(opened, traffic->value, traffic->size);
		traffic_pause(traffic);
	} while (traffic_goes_on(traffic));
	traffic_end(traffic);
}

/* READ tries once; false when the writer was in the way. */
static inline __attribute__((always_inline)) uint64_t design_read(
	void *opened, struct traffic *traffic, uint64_t reads,
	bool (*read)(void *opened, void *value, size_t size))
{
	uint64_t done = 0, late = 0;

	for (uint64_t tries = 1; done < reads; tries++) {
		if (read(opened, traffic->value, traffic->size)) {
			traffic_check(traffic);
			done++;
		}
		if (tries % DESIGN_TRIES == 0) {
			late = late ? late : now_ns() + DESIGN_LATE_NS;
			if (now_ns() > late)
				break;
		}
	}
	return done;
}

#endif
