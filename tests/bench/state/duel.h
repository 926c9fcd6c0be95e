/*
 * A writer and a reader of one design, each a process on a core of its own: this one reads.
 */
#ifndef BENCH_STATE_DUEL_H
#define BENCH_STATE_DUEL_H

#include "state/design.h"
#include "state/traffic.h"

struct duel {
	const struct design *design;
	struct traffic traffic;
	void *prepared;
	void *opened;
	pid_t writer;
	int line;       /* to it: a byte for each run, and one back when that is over */
	uint64_t reads; /* in a run, so that it takes a while */
};

/* TRAFFIC is what traffic_init() is to be given. */
void duel_start(struct duel *duel, const struct design *design, const struct traffic *traffic,
		const struct server *broker);
void duel_end(struct duel *duel);

/* Let the writer write, from its first publish on; and stop it. */
void duel_let_write(struct duel *duel);
void duel_stop_writing(struct duel *duel);

/* Run functions of contenders, see support/series.h: what a read costs while the other writes, and
 * what a publish costs while this one reads. */
uint64_t duel_read(void *duel, unsigned operations);
uint64_t duel_write(void *duel, unsigned operations);

#endif
