/*
 * Ways from one process to another, each a file of its own, ours among them. The loops are here and
 * are compiled into each with its own two functions.
 */
#ifndef BENCH_STREAM_TRANSPORT_H
#define BENCH_STREAM_TRANSPORT_H

#include "stream/cargo.h"
#include "support/server.h"

struct transport {
	const char *name;
	/* Once, before there are processes: what all begin with. NULL where this machine does not
	 * let us have it. */
	void *(*prepare)(const struct cargo *cargo, const struct server *broker);
	/* In each of them, as producer or as consumer WHICH, who sends first in a process that does
	 * both; NULL where what was prepared is used as it is. They end without a goodbye. */
	void *(*open)(void *prepared, bool sends, unsigned which);
	/* Once, when they are gone; NULL where there is nothing to do. */
	void (*dispose)(void *prepared);
	/* N records, a multiple of the batch, waiting as the cargo says. Of a queue consumers take
	 * what they get until all together have N. */
	void (*send)(void *opened, struct cargo *cargo, uint64_t n);
	void (*take)(void *opened, struct cargo *cargo, uint64_t n);
};

/* Ours; in place; and as a queue. */
extern const struct transport transport_ours, transport_ours_in_place, transport_ours_queue;

/* The limit, each with and without a pause in its loops; with a ring for each producer; and
 * sleeping on a futex, at once and after a while. */
extern const struct transport transport_index, transport_index_paused, transport_band,
	transport_band_paused, transport_lanes_index, transport_lanes_band, transport_futex,
	transport_futex_spinning;

/* The peers. */
extern const struct transport transport_ck, transport_pipe, transport_seqpacket, transport_mq,
	transport_boost, transport_iceoryx, transport_zmq, transport_nng;

/* SIZE bytes of zeros that all processes have, and have touched. */
void *transport_share(size_t size);
void transport_unshare(void *memory, size_t size);

#endif
