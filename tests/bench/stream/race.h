/*
 * Producers and consumers of one transport, each a process: the consumers on this core, and the
 * producers on the other.
 */
#ifndef BENCH_STREAM_RACE_H
#define BENCH_STREAM_RACE_H

#include "stream/transport.h"
#include "support/place.h"

#define RACE_MEMBERS 72u

struct race_control;

struct race {
	const struct transport *transport;
	struct cargo cargo;
	struct race_control *control;
	void *prepared;
	unsigned n_members;
	pid_t members[RACE_MEMBERS];
	uint64_t records; /* in a run, of all producers, so that it takes a while */
};

/* What CARGO says but for what is of each process, in runs that take RUN_NS at least. False when
 * this machine does not have it. */
bool race_start(struct race *race, const struct transport *transport, const struct cargo *cargo,
		const struct place *place, const struct server *broker, uint64_t run_ns);
void race_end(struct race *race);

/* A run function of a contender, see support/series.h: what a record costs until those whom it is
 * for have it. */
uint64_t race_run(void *race, unsigned operations);

#endif
