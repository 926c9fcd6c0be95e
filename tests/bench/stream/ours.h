/*
 * What the ways of ours have in common: a stream of its own for each pair, a connection of its own
 * for each process.
 */
#ifndef BENCH_STREAM_OURS_H
#define BENCH_STREAM_OURS_H

#include <shmbroker/shmbroker.h>

#include "base/attr.h"
#include "stream/transport.h"

struct ours {
	const struct ours_named *named;
	struct shmb_connection *connection;
	struct shmb_stream *stream;
	struct shmb_producer *producer;
	struct shmb_consumer *consumer;
};

/* The functions of a transport. */
void *ours_prepare(const struct cargo *cargo, const struct server *broker);
void *ours_open(void *prepared, bool sends, unsigned which);
void ours_dispose(void *prepared);
void ours_send(void *opened, struct cargo *cargo, uint64_t n);

_Noreturn void ours_give_up(const char *what);

/* Of a queue: how many its consumers have had, together. */
_Atomic uint64_t *ours_taken(const struct ours *ours);

/* What to give the calls. */
static inline uint64_t ours_deadline(const struct cargo *cargo)
{
	return cargo->wait == CARGO_SLEEP ? SHMB_NO_DEADLINE : SHMB_AT_ONCE;
}

#endif
