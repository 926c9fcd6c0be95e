/*
 * A producer and a consumer of one transport, each a process on a core of its own: this one takes.
 */
#ifndef BENCH_STREAM_RACE_H
#define BENCH_STREAM_RACE_H

#include "stream/transport.h"

struct race_control;

struct race {
	const struct transport *transport;
	struct cargo cargo;
	struct race_control *control;
	void *prepared;
	void *opened;
	pid_t producer;
	uint64_t records; /* in a run, so that it takes a while */
};

/* CARGO says size and batch. SLOW is how much idle work each record costs the side that is to be
 * the slower one: the producer, or else the consumer. */
void race_start(struct race *race, const struct transport *transport, const struct cargo *cargo,
		bool producer_is_slow, uint64_t slow, int core, const struct server *broker);
void race_end(struct race *race);

/* A run function of a contender, see support/series.h: what a record costs from one to the other.
 */
uint64_t race_run(void *race, unsigned operations);

#endif
