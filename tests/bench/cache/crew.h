/*
 * One or two processes that use the same cache of one design, each pinned to a core of its own. The
 * first of them sets all keys before anything is measured.
 */
#ifndef BENCH_CACHE_CREW_H
#define BENCH_CACHE_CREW_H

#include "cache/design.h"
#include "support/place.h"

#define CREW_MOST 2u

struct crew_control;

struct crew {
	const struct design *design;
	struct traffic traffic;
	const struct place *place;
	struct crew_control *control;
	void *prepared;
	unsigned n_workers;
	pid_t workers[CREW_MOST];
	uint64_t run_ns; /* what a run takes at least */
};

/* What some of a crew do. */
struct task {
	struct crew *crew;
	design_run_fn *run;
	unsigned sets;  /* percent */
	unsigned first; /* worker, of */
	unsigned n;     /* workers */
	uint64_t steps; /* of each, in a run, so that it takes a while */
};

/* TRAFFIC is what traffic_open() is to be given. A server runs on this process's core, which is
 * the first worker's too; the second one is on the other core. */
void crew_start(struct crew *crew, const struct design *design, const struct traffic *traffic,
		const struct place *place, const struct server *broker, uint64_t run_ns);
void crew_end(struct crew *crew);

/* Find out how many steps a run needs. */
void task_prepare(struct task *task);

/* A run function of a contender, see support/series.h: what a step costs, of all workers together.
 */
uint64_t task_run(void *task, unsigned operations);

#endif
