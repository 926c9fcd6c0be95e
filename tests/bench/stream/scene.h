/*
 * What the parts of this benchmark have in common: who takes part in a race, and what is made of
 * what was measured.
 */
#ifndef BENCH_STREAM_SCENE_H
#define BENCH_STREAM_SCENE_H

#include "base/attr.h"
#include "stream/transport.h"
#include "support/report.h"
#include "support/series.h"

#define SCENE_ENTRANTS 24u

struct scene {
	const struct bench *bench;
	struct report *report;
	const struct place *place;
	struct server broker;
};

/* Somebody who takes part. */
struct entrant {
	const char *name; /* NULL: that of the transport */
	const struct transport *transport;
	struct cargo cargo;
};

/*
 * Measure what a record costs N entrants in a race, in the same rounds, in nanoseconds. Who cannot
 * be had here has no rounds then: series_fini() is for all of them.
 */
void scene_race(const struct scene *scene, const struct entrant *entrants, size_t n,
		struct series *ret);

/* The same for round trips of one record, between two cores or on one. */
void scene_trips(const struct scene *scene, const struct entrant *entrants, size_t n, bool is_apart,
		 struct series *ret_p50, struct series *ret_p99);

static inline bool scene_had(const struct series *series)
{
	return series->n_rounds > 0;
}

/* The fastest of N in each round. */
struct series scene_fastest(const struct series *series, size_t n);

void scene_in_ns(struct series *us);
void scene_fini(struct series *series, size_t n);

/* A row, where both could be had. TARGET is of the other's time, and 0 for none. */
void scene_compare(const struct scene *scene, const char *where, const struct series *ours,
		   const struct series *other, double target, const char *what, ...)
	attr_printf(6, 7);

/* The parts. */
void part_rings(const struct scene *scene);
void part_peers(const struct scene *scene);
void part_roundtrip(const struct scene *scene);
void part_blocking(const struct scene *scene);
void part_producers(const struct scene *scene);
void part_lanes(const struct scene *scene);
void part_consumers(const struct scene *scene);
void part_deaths(const struct scene *scene);

#endif
