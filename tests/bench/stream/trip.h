/*
 * There and back: two processes of which one sends a record and waits until the other one has sent
 * it on, by the same transport twice.
 */
#ifndef BENCH_STREAM_TRIP_H
#define BENCH_STREAM_TRIP_H

#include "stream/transport.h"

struct trip_control;

struct trip {
	const struct transport *transport;
	struct cargo cargo;
	struct trip_control *control;
	void *prepared[2]; /* there, and back */
	pid_t members[2];  /* who asks, and who answers */
};

#define TRIPS_MOST 4000u

/* With who asks on the core OWN and who answers on OTHER, and at most so many TRIPS in a run, or a
 * tenth of them where they take long. False when this machine does not have it. */
bool trip_start(struct trip *trip, const struct transport *transport, const struct cargo *cargo,
		int own, int other, const struct server *broker, unsigned trips);
void trip_end(struct trip *trip);

/* Run functions of contenders, see support/series.h: what half of the trips take at most, and what
 * ninety-nine in a hundred do. */
uint64_t trip_p50(void *trip, unsigned operations);
uint64_t trip_p99(void *trip, unsigned operations);

#endif
