/*
 * What goes from the writer to the reader, and at what pace. The value is a function of its
 * version, which is looked at in eight places of each value that is read: a copy that is torn
 * anywhere between the first and the last of them shows.
 */
#ifndef BENCH_STATE_TRAFFIC_H
#define BENCH_STATE_TRAFFIC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/bench.h"

#define TRAFFIC_MARKS 8u

/* Shared by the two processes. */
struct traffic_control {
	_Alignas(128) atomic_bool goes_on;
	_Alignas(128) atomic_bool has_begun;
	uint64_t spent_ns; /* by the writer, in the last run */
	uint64_t published;
};

struct traffic {
	size_t size;
	unsigned slots;     /* of designs that have some */
	uint64_t period_ns; /* from one publish to the next; 0: as fast as can be */
	int writer_core;
	struct traffic_control *control;

	/* Of each process: */
	unsigned char *room;
	unsigned char *value; /* in it */
	size_t marks[TRAFFIC_MARKS];
	uint64_t version; /* that was written or read last */
	uint64_t began_ns, next_ns, began_with;
};

/* The size, at least 64, and all up to the control are set. The process that is forked next can be
 * the other side. */
void traffic_init(struct traffic *traffic);
void traffic_fini(struct traffic *traffic);

/* Between two runs: the value is at another place of a page, and not valid until it is read. */
void traffic_move(struct traffic *traffic);

/* Around the writer's loop. */
void traffic_begin(struct traffic *traffic);
void traffic_end(struct traffic *traffic);

/* The value that was read is not what was written. */
_Noreturn void traffic_fail(const struct traffic *traffic, unsigned mark);

static inline uint64_t *traffic_mark(const struct traffic *traffic, unsigned mark)
{
	return (uint64_t *)(traffic->value + traffic->marks[mark]);
}

static inline void traffic_fill(struct traffic *traffic)
{
	uint64_t version = ++traffic->version;

	for (unsigned mark = 0; mark < TRAFFIC_MARKS; mark++)
		*traffic_mark(traffic, mark) = version + mark;
}

static inline void traffic_check(struct traffic *traffic)
{
	uint64_t version = *traffic_mark(traffic, 0);

	for (unsigned mark = 1; mark < TRAFFIC_MARKS; mark++)
		if (*traffic_mark(traffic, mark) != version + mark)
			traffic_fail(traffic, mark);
	if (version < traffic->version)
		traffic_fail(traffic, 0);
	traffic->version = version;
}

static inline bool traffic_goes_on(const struct traffic *traffic)
{
	return atomic_load_explicit(&traffic->control->goes_on, memory_order_relaxed);
}

static inline void traffic_pause(struct traffic *traffic)
{
	if (traffic->period_ns == 0)
		return;
	traffic->next_ns += traffic->period_ns;
	while (now_ns() < traffic->next_ns && traffic_goes_on(traffic))
		;
}

#endif
