/*
 * What the parts of this benchmark have in common.
 */
#ifndef BENCH_LOOK_SCENE_H
#define BENCH_LOOK_SCENE_H

#include "look/program.h"
#include "look/stock.h"
#include "support/report.h"

struct scene {
	const struct bench *bench;
	struct report *report;
	const struct place *place;
	struct stock stock;
};

/* The parts: shmctl's commands from start to end; what goes on looking; and what others wait. */
void part_commands(const struct scene *scene);
void part_live(const struct scene *scene);
void part_beside(const struct scene *scene);

#endif
