/*
 * stream: what it costs to bring a record from one process to another, one by one and sixteen at a
 * time, when the producer is the slower of the two (the lane is nearly empty) and when the consumer
 * is (it is nearly full).
 *
 * The limit is, in each round, the fastest of four rings of cells of one size that do nothing else
 * (stream/limit.c). Everything is filled, copied and checked alike.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/attr.h"
#include "stream/race.h"
#include "support/report.h"

#define LIMITS     4u
#define OPERATIONS 1000 /* in a batch, however many there were */
#define CHUNKS     5u
#define SLOW       40u /* loops of idle work, of a nanosecond or less each */

/* First ours, then the limits, then others. */
static const struct transport *const transports[] = {
	&transport_ours,         &transport_ours_in_place, &transport_index,
	&transport_index_paused, &transport_band,          &transport_band_paused,
#ifdef BENCH_CK
	&transport_ck,
#endif
	&transport_pipe,
};

#define N_OURS 2u

struct scene {
	const struct bench *bench;
	struct report *report;
	const struct place *place;
	struct server broker;
};

struct setting {
	size_t size;
	unsigned batch;
	bool producer_is_slow;
	double target; /* of the limit's time */
};

static const struct setting settings[] = {
	{64, 1, true, 1 / 0.6},    {64, 1, false, 1 / 0.6},   {64, 16, true, 1 / 0.6},
	{64, 16, false, 1 / 0.6},  {8, 1, true, 1 / 0.25},    {8, 1, false, 1 / 0.25},
	{8, 16, true, 1 / 0.25},   {8, 16, false, 1 / 0.25},  {1024, 1, true, 1 / 0.9},
	{1024, 1, false, 1 / 0.9}, {65536, 1, true, 1 / 0.9}, {65536, 1, false, 1 / 0.9},
};

/* The fastest of N in each round. */
static struct series fastest_of(const struct series *series, size_t n)
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

static void in_ns(struct series *us)
{
	struct series ns = series_combine(us->name, 1000, us, 0, NULL);

	ns.unit = "ns";
	series_fini(us);
	*us = ns;
}

static void report_all(const struct scene *scene, const struct setting *setting,
		       struct series *seen)
{
	struct series limit;
	char what[96];

	for (size_t i = 0; i < ARRAY_SIZE(transports); i++)
		in_ns(&seen[i]);
	limit = fastest_of(&seen[N_OURS], LIMITS);
	for (size_t ours = 0; ours < N_OURS; ours++) {
		if (ours > 0 && setting->batch > 1)
			continue; /* in place there is no batch */
		snprintf(what, sizeof(what), "%zu B, %u at a time, slow %s: %s", setting->size,
			 setting->batch, setting->producer_is_slow ? "producer" : "consumer",
			 ours ? "in place" : "limit");
		report_compare(scene->report, what, "two cores", &seen[ours], &limit,
			       setting->target);
	}
	for (size_t i = N_OURS; i < ARRAY_SIZE(transports); i++) {
		snprintf(what, sizeof(what), "%zu B, %u at a time, slow %s: %s", setting->size,
			 setting->batch, setting->producer_is_slow ? "producer" : "consumer",
			 seen[i].name);
		report_compare(scene->report, what, "two cores", &seen[0], &seen[i], 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++)
		series_fini(&seen[i]);
	series_fini(&limit);
}

static void measure(const struct scene *scene, const struct setting *setting)
{
	const struct cargo cargo = {.size = setting->size, .batch = setting->batch};
	struct plan plan = scene->bench->plan;
	struct contender contenders[ARRAY_SIZE(transports)];
	struct series seen[ARRAY_SIZE(transports)];
	struct race races[ARRAY_SIZE(transports)];

	plan.operations = OPERATIONS;
	plan.chunks = plan.chunks < CHUNKS ? plan.chunks : CHUNKS;
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		race_start(&races[i], transports[i], &cargo, setting->producer_is_slow, SLOW,
			   scene->place->other, &scene->broker);
		contenders[i] = (struct contender){transports[i]->name, race_run, &races[i]};
	}
	series_measure(&plan, scene->place, contenders, ARRAY_SIZE(transports), seen);
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++)
		race_end(&races[i]);
	report_all(scene, setting, seen);
}

int main(int argc, char **argv)
{
	static struct scene scene;
	struct bench bench;
	struct place place;

	bench_init(&bench, "stream", argc, argv);
	place = place_init();
	scene.bench = &bench;
	scene.place = &place;
	scene.report = report_new(&bench, &place, "records from one process to another");
	report_note(scene.report, "peers: " BENCH_PEERS);
	if (place_has_two(&place)) {
		server_start_broker(&scene.broker, &bench, place.other);
		for (size_t i = 0; i < bench_count(&bench, ARRAY_SIZE(settings), 1); i++)
			measure(&scene, &settings[i]);
		server_end(&scene.broker);
	} else {
		report_note(scene.report, "there is one core, and a record crosses between two");
	}
	return report_end(scene.report);
}
