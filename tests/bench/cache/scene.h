/*
 * What the parts of this benchmark have in common.
 */
#ifndef BENCH_CACHE_SCENE_H
#define BENCH_CACHE_SCENE_H

#include "base/attr.h"
#include "cache/crew.h"
#include "support/report.h"
#include "support/series.h"

#define SCENE_WAYS 12u

struct scene {
	const struct bench *bench;
	struct report *report;
	const struct place *place;
	struct server broker;
};

/* Something that a crew does, and what it is called. */
struct way {
	const char *name;
	struct task task;
};

/* Measure what a step costs in N ways, in the same rounds, in nanoseconds. */
void scene_measure(const struct scene *scene, struct way *ways, size_t n, struct series *ret);
void scene_fini(struct series *series, size_t n);

/* A row. TARGET is of the other's time, and 0 for none. */
void scene_compare(const struct scene *scene, const char *where, const struct series *ours,
		   const struct series *other, double target, const char *what, ...)
	attr_printf(6, 7);

/* The parts. */
void part_speed(const struct scene *scene);
void part_memory(const struct scene *scene);
void part_hits(const struct scene *scene);
void part_week(const struct scene *scene);

#endif
