/*
 * Asleep when there is nothing to do: there and back on one core, and from one core to the other as
 * fast as can be. The limit is the faster of two rings with a futex in each round.
 */
#include "stream/scene.h"

#define SIZE         64u
#define LIMITS       2u
#define TRIP_TARGET  1.15
#define LIMIT_TARGET (1 / 0.85)
#define BOOST_TARGET (1 / 4.0)
#define SLOW         400u /* loops of idle work: a sleep is to be worth it */

/* Ours, the limits, and others. */
static const struct transport *const transports[] = {
	&transport_ours,  &transport_futex, &transport_futex_spinning,
#ifdef BENCH_BOOST
	&transport_boost,
#endif
	&transport_pipe,
};

static double target_of(const struct transport *transport)
{
#ifdef BENCH_BOOST
	if (transport == &transport_boost)
		return BOOST_TARGET;
#else
	(void)transport;
#endif
	return 0;
}

static void enter(struct entrant *entrants, uint64_t producer_work)
{
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++)
		entrants[i] = (struct entrant){.transport = transports[i],
					       .cargo = {.size = SIZE,
							 .batch = 1,
							 .wait = CARGO_SLEEP,
							 .producer_work = producer_work}};
}

static void measure_trips(const struct scene *scene)
{
	struct series p50[ARRAY_SIZE(transports)], p99[ARRAY_SIZE(transports)], limit;
	struct entrant entrants[ARRAY_SIZE(transports)];

	enter(entrants, 0);
	scene_trips(scene, entrants, ARRAY_SIZE(transports), false, p50, p99);
	limit = scene_fastest(&p50[1], LIMITS);
	scene_compare(scene, "one core", &p50[0], &limit, TRIP_TARGET,
		      "round trip %u B, asleep, p50: limit", SIZE);
	for (size_t i = 1; i < ARRAY_SIZE(transports); i++)
		scene_compare(scene, "one core", &p50[0], &p50[i], 0,
			      "round trip %u B, asleep, p50: %s", SIZE, p50[i].name);
	series_fini(&limit);
	scene_fini(p50, ARRAY_SIZE(transports));
	scene_fini(p99, ARRAY_SIZE(transports));
}

static void measure_flow(const struct scene *scene, const char *how, uint64_t producer_work,
			 bool is_judged)
{
	struct entrant entrants[ARRAY_SIZE(transports)];
	struct series seen[ARRAY_SIZE(transports)], limit;

	enter(entrants, producer_work);
	scene_race(scene, entrants, ARRAY_SIZE(transports), seen);
	limit = scene_fastest(&seen[1], LIMITS);
	scene_compare(scene, "two cores", &seen[0], &limit, is_judged ? LIMIT_TARGET : 0,
		      "%u B, asleep if empty%s: limit", SIZE, how);
	for (size_t i = 1; i < ARRAY_SIZE(transports); i++)
		scene_compare(scene, "two cores", &seen[0], &seen[i],
			      is_judged ? target_of(transports[i]) : 0,
			      "%u B, asleep if empty%s: %s", SIZE, how, seen[i].name);
	series_fini(&limit);
	scene_fini(seen, ARRAY_SIZE(transports));
}

void part_blocking(const struct scene *scene)
{
	measure_trips(scene);
	if (!place_has_two(scene->place))
		return;
	measure_flow(scene, "", 0, true);
	if (!scene->bench->quick)
		measure_flow(scene, ", slow producer", SLOW, false);
}
