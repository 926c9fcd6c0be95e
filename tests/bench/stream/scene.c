#include "stream/scene.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "stream/race.h"
#include "stream/trip.h"

#define OPERATIONS 1000 /* in a batch, however many there were */
#define CHUNKS     5u

/* What a run takes at least; where some sleep, or several are on a core; and in a quick look. */
#define RUN_NS   UINT64_C(2000000)
#define SLOW_NS  UINT64_C(10000000)
#define QUICK_NS UINT64_C(50000)

#define TRIPS       TRIPS_MOST
#define QUICK_TRIPS 80u

struct series scene_fastest(const struct series *series, size_t n)
{
	unsigned n_rounds = series[0].n_rounds;
	double *values = calloc(n_rounds, sizeof(*values));
	struct series best;

	if (!values)
		bench_fail("no memory");
	for (unsigned round = 0; round < n_rounds; round++) {
		values[round] = series[0].rounds[round];
		for (size_t i = 1; i < n; i++)
			if (series[i].rounds[round] < values[round])
				values[round] = series[i].rounds[round];
	}
	best = series_of("limit", series[0].unit, values, n_rounds);
	free(values);
	return best;
}

void scene_in_ns(struct series *us)
{
	struct series ns = series_combine(us->name, 1000, us, 0, NULL);

	ns.unit = "ns";
	series_fini(us);
	*us = ns;
}

void scene_fini(struct series *series, size_t n)
{
	for (size_t i = 0; i < n; i++)
		series_fini(&series[i]);
}

static const char *name_of(const struct entrant *entrant)
{
	return entrant->name ? entrant->name : entrant->transport->name;
}

/* Where the N_HAD series of those who took part belong. */
static void spread(struct series *ret, const struct entrant *entrants, const bool *had, size_t n,
		   const struct series *seen)
{
	size_t next = 0;

	for (size_t i = 0; i < n; i++) {
		ret[i] = (struct series){.name = name_of(&entrants[i])};
		if (!had[i])
			continue;
		ret[i] = seen[next++];
		ret[i].name = name_of(&entrants[i]);
		scene_in_ns(&ret[i]);
	}
}

static struct plan plan_of(const struct scene *scene)
{
	struct plan plan = scene->bench->plan;

	plan.operations = OPERATIONS;
	plan.chunks = plan.chunks < CHUNKS ? plan.chunks : CHUNKS;
	return plan;
}

static uint64_t run_ns_of(const struct scene *scene, const struct entrant *entrant)
{
	if (scene->bench->quick)
		return QUICK_NS;
	return entrant->cargo.wait == CARGO_SPIN ? RUN_NS : SLOW_NS;
}

void scene_race(const struct scene *scene, const struct entrant *entrants, size_t n,
		struct series *ret)
{
	struct plan plan = plan_of(scene);
	struct contender contenders[SCENE_ENTRANTS] = {0};
	struct series seen[SCENE_ENTRANTS];
	struct race races[SCENE_ENTRANTS];
	bool had[SCENE_ENTRANTS];
	size_t n_had = 0;

	for (size_t i = 0; i < n; i++) {
		had[i] = race_start(&races[n_had], entrants[i].transport, &entrants[i].cargo,
				    scene->place, &scene->broker, run_ns_of(scene, &entrants[i]));
		if (had[i]) {
			contenders[n_had] =
				(struct contender){name_of(&entrants[i]), race_run, &races[n_had]};
			n_had++;
		}
	}
	series_measure(&plan, scene->place, contenders, n_had, seen);
	for (size_t i = 0; i < n_had; i++)
		race_end(&races[i]);
	spread(ret, entrants, had, n, seen);
}

static bool start_trip(const struct scene *scene, const struct entrant *entrant, bool is_apart,
		       struct trip *trip)
{
	return trip_start(trip, entrant->transport, &entrant->cargo, scene->place->own,
			  is_apart ? scene->place->other : scene->place->own, &scene->broker,
			  bench_count(scene->bench, TRIPS, QUICK_TRIPS));
}

void scene_trips(const struct scene *scene, const struct entrant *entrants, size_t n, bool is_apart,
		 struct series *ret_p50, struct series *ret_p99)
{
	struct contender contenders[2 * SCENE_ENTRANTS] = {0};
	struct series seen[2 * SCENE_ENTRANTS];
	struct trip trips[SCENE_ENTRANTS];
	struct plan plan = plan_of(scene);
	bool had[SCENE_ENTRANTS];
	size_t n_had = 0;

	for (size_t i = 0; i < n; i++) {
		had[i] = start_trip(scene, &entrants[i], is_apart, &trips[n_had]);
		n_had += had[i];
	}
	for (size_t i = 0; i < n_had; i++) {
		contenders[i] = (struct contender){"p50", trip_p50, &trips[i]};
		contenders[n_had + i] = (struct contender){"p99", trip_p99, &trips[i]};
	}
	series_measure(&plan, is_apart ? scene->place : NULL, contenders, 2 * n_had, seen);
	for (size_t i = 0; i < n_had; i++)
		trip_end(&trips[i]);
	spread(ret_p50, entrants, had, n, seen);
	spread(ret_p99, entrants, had, n, &seen[n_had]);
}

void scene_compare(const struct scene *scene, const char *where, const struct series *ours,
		   const struct series *other, double target, const char *what, ...)
{
	va_list arguments;
	char row[96];

	if (!scene_had(ours) || !scene_had(other))
		return;
	va_start(arguments, what);
	vsnprintf(row, sizeof(row), what, arguments);
	va_end(arguments);
	report_compare(scene->report, row, where, ours, other, target);
}
