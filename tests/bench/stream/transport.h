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
	/* Once, before there are two processes: what both begin with. */
	void *(*prepare)(const struct cargo *cargo, const struct server *broker);
	/* In each of the two; NULL where what was prepared is used as it is. */
	void *(*open)(void *prepared, bool sends);
	void (*close)(void *opened);
	void (*dispose)(void *prepared); /* NULL where there is nothing to do */
	/* N records, a multiple of the batch, without sleeping. */
	void (*send)(void *opened, struct cargo *cargo, uint64_t n);
	void (*take)(void *opened, struct cargo *cargo, uint64_t n);
};

/* The limit, each with and without a pause in its loops; and ours, and the peers. */
extern const struct transport transport_index, transport_index_paused, transport_band,
	transport_band_paused, transport_ours, transport_ours_in_place, transport_ck,
	transport_pipe;

/* SIZE bytes of zeros that both processes have, and have touched. */
void *transport_share(size_t size);

#endif
