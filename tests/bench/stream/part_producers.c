/*
 * Four producers on one core and their consumer on the other. The limit is a ring for each that one
 * consumer goes through, the faster of two in each round. Who finds no room lets the next one go
 * first, but for boost's, which sleep.
 */
#include "stream/scene.h"

#define SIZE      64u
#define PRODUCERS 4u
#define LIMITS    2u
#define TARGET    (1 / 0.6)

/* Ours, the limits, and others. */
static const struct rival {
	const struct transport *transport;
	enum cargo_wait wait;
} rivals[] = {
	{&transport_ours, CARGO_YIELD},       {&transport_lanes_index, CARGO_YIELD},
	{&transport_lanes_band, CARGO_YIELD}, {&transport_pipe, CARGO_YIELD},
#ifdef BENCH_BOOST
	{&transport_boost, CARGO_SLEEP},
#endif
};

void part_producers(const struct scene *scene)
{
	struct entrant entrants[ARRAY_SIZE(rivals)];
	struct series seen[ARRAY_SIZE(rivals)], limit;

	for (size_t i = 0; i < ARRAY_SIZE(rivals); i++)
		entrants[i] = (struct entrant){.transport = rivals[i].transport,
					       .cargo = {.size = SIZE,
							 .batch = 1,
							 .wait = rivals[i].wait,
							 .producers = PRODUCERS}};
	scene_race(scene, entrants, ARRAY_SIZE(rivals), seen);
	limit = scene_fastest(&seen[1], LIMITS);
	scene_compare(scene, "two cores", &seen[0], &limit, TARGET, "%u B, %u producers: limit",
		      SIZE, PRODUCERS);
	for (size_t i = 1; i < ARRAY_SIZE(rivals); i++)
		scene_compare(scene, "two cores", &seen[0], &seen[i], 0, "%u B, %u producers: %s",
			      SIZE, PRODUCERS, seen[i].name);
	series_fini(&limit);
	scene_fini(seen, ARRAY_SIZE(rivals));
}
